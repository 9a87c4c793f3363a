"""HunyuanVideo's autoencoder, diffusers' `AutoencoderKLHunyuanVideo`."""

from typing import Any

from diffusers import AutoencoderKLHunyuanVideo

from dreamrelation.backbones.autoencoder import VideoAutoencoder
from dreamrelation.backbones.statistics import scale_alone
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings


class HunyuanVideoAutoencoder(VideoAutoencoder):
    """See `interface.Autoencoder`. Its encoder normalises over all frames, so each one reaches all latents a little."""

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        super().__init__(settings, machine, AutoencoderKLHunyuanVideo, scaled=True)

    def statistics(self, config: dict[str, Any]) -> dict[str, Any]:
        return scale_alone(config)
