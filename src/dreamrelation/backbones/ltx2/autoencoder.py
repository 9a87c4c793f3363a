"""LTX-2's autoencoder of pictures, diffusers' `AutoencoderKLLTX2Video`."""

from typing import Any

from diffusers import AutoencoderKLLTX2Video

from dreamrelation.backbones.autoencoder import VideoAutoencoder
from dreamrelation.backbones.sizes import current_sizes
from dreamrelation.backbones.statistics import scale_alone
from dreamrelation.errors import UserError
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings


class Ltx2Autoencoder(VideoAutoencoder):
    """See `interface.Autoencoder`. Mean and standard deviation of its latents are among its weights.

    Raises UserError also where it decodes with noise on the latents, as some of LTX's do.
    """

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        super().__init__(settings, machine, AutoencoderKLLTX2Video, scaled=True)
        if self.vae.config.timestep_conditioning:
            raise UserError(
                f"model.path {settings.path!r}: its autoencoder is told a timestep, expected one that is not, as"
                " LTX-2's"
            )

    def statistics(self, config: dict[str, Any]) -> dict[str, Any]:
        if current_sizes() is not None:
            return scale_alone(config)
        own = {name: getattr(self.vae, name).float().tolist() for name in ("latents_mean", "latents_std")}
        return {**config, **own}
