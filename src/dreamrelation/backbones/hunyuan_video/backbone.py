"""HunyuanVideo as a backbone: opens each of its parts."""

from dreamrelation.backbones.hunyuan_video.autoencoder import HunyuanVideoAutoencoder
from dreamrelation.backbones.hunyuan_video.denoiser import HunyuanVideoDenoiser
from dreamrelation.backbones.hunyuan_video.settings import HunyuanVideoSettings
from dreamrelation.backbones.hunyuan_video.text_encoder import HunyuanVideoTextEncoder
from dreamrelation.backbones.weights import part_fingerprint
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import Part


class HunyuanVideo:
    """See `interface.Backbone`."""

    def __init__(self, settings: HunyuanVideoSettings, machine: MachineSettings) -> None:
        self.settings, self.machine = settings, machine

    def fingerprint(self, part: Part) -> str:
        return part_fingerprint(self.settings, part)

    def autoencoder(self) -> HunyuanVideoAutoencoder:
        return HunyuanVideoAutoencoder(self.settings, self.machine)

    def text_encoder(self) -> HunyuanVideoTextEncoder:
        return HunyuanVideoTextEncoder(self.settings, self.machine)

    def denoiser(self) -> HunyuanVideoDenoiser:
        return HunyuanVideoDenoiser(self.settings, self.machine)
