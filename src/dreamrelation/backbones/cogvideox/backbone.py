"""CogVideoX as a backbone: opens each of its parts."""

from dreamrelation.backbones.cogvideox.autoencoder import CogVideoXAutoencoder
from dreamrelation.backbones.cogvideox.denoiser import CogVideoXDenoiser
from dreamrelation.backbones.cogvideox.text_encoder import CogVideoXTextEncoder
from dreamrelation.backbones.weights import part_fingerprint
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings, Part


class CogVideoX:
    """See `interface.Backbone`."""

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        self.settings, self.machine = settings, machine

    def fingerprint(self, part: Part) -> str:
        return part_fingerprint(self.settings, part)

    def autoencoder(self) -> CogVideoXAutoencoder:
        return CogVideoXAutoencoder(self.settings, self.machine)

    def text_encoder(self) -> CogVideoXTextEncoder:
        return CogVideoXTextEncoder(self.settings, self.machine)

    def denoiser(self) -> CogVideoXDenoiser:
        return CogVideoXDenoiser(self.settings, self.machine)
