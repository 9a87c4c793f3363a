"""Mochi 1 as a backbone: opens each of its parts."""

from dreamrelation.backbones.mochi.autoencoder import MochiAutoencoder
from dreamrelation.backbones.mochi.denoiser import MochiDenoiser
from dreamrelation.backbones.mochi.text_encoder import MochiTextEncoder
from dreamrelation.backbones.weights import part_fingerprint
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings, Part


class Mochi:
    """See `interface.Backbone`."""

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        self.settings, self.machine = settings, machine

    def fingerprint(self, part: Part) -> str:
        return part_fingerprint(self.settings, part)

    def autoencoder(self) -> MochiAutoencoder:
        return MochiAutoencoder(self.settings, self.machine)

    def text_encoder(self) -> MochiTextEncoder:
        return MochiTextEncoder(self.settings, self.machine)

    def denoiser(self) -> MochiDenoiser:
        return MochiDenoiser(self.settings, self.machine)
