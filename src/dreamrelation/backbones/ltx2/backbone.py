"""LTX-2 as a backbone: opens each of its parts."""

from dreamrelation.backbones.ltx2.autoencoder import Ltx2Autoencoder
from dreamrelation.backbones.ltx2.denoiser import Ltx2Denoiser
from dreamrelation.backbones.ltx2.text_encoder import Ltx2TextEncoder
from dreamrelation.backbones.weights import part_fingerprint
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings, Part


class Ltx2:
    """See `interface.Backbone`."""

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        self.settings, self.machine = settings, machine

    def fingerprint(self, part: Part) -> str:
        return part_fingerprint(self.settings, part)

    def autoencoder(self) -> Ltx2Autoencoder:
        return Ltx2Autoencoder(self.settings, self.machine)

    def text_encoder(self) -> Ltx2TextEncoder:
        return Ltx2TextEncoder(self.settings, self.machine)

    def denoiser(self) -> Ltx2Denoiser:
        return Ltx2Denoiser(self.settings, self.machine)
