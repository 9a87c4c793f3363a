"""Mochi's autoencoder, diffusers' `AutoencoderKLMochi`."""

from diffusers import AutoencoderKLMochi

from dreamrelation.backbones.autoencoder import VideoAutoencoder
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings


class MochiAutoencoder(VideoAutoencoder):
    """See `interface.Autoencoder`."""

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        super().__init__(settings, machine, AutoencoderKLMochi, scaled=True)
