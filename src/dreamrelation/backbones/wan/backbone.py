"""Wan 2.1 and 2.2 as backbones: opens each of their parts."""

from dreamrelation.backbones.wan.autoencoder import WanAutoencoder
from dreamrelation.backbones.wan.denoiser import WanDenoiser
from dreamrelation.backbones.wan.experts import TwoExpertsDenoiser
from dreamrelation.backbones.wan.text_encoder import WanTextEncoder
from dreamrelation.backbones.weights import part_fingerprint
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings, Part


class Wan:
    """See `interface.Backbone`."""

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        self.settings, self.machine = settings, machine

    def fingerprint(self, part: Part) -> str:
        return part_fingerprint(self.settings, part)

    def autoencoder(self) -> WanAutoencoder:
        return WanAutoencoder(self.settings, self.machine)

    def text_encoder(self) -> WanTextEncoder:
        return WanTextEncoder(self.settings, self.machine)

    def denoiser(self) -> WanDenoiser:
        return WanDenoiser(self.settings, self.machine)


class WanOfTwoExperts(Wan):
    """See `interface.Backbone`."""

    def denoiser(self) -> WanDenoiser:
        return TwoExpertsDenoiser(self.settings, self.machine)
