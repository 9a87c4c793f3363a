"""Wan's autoencoders, diffusers' `AutoencoderKLWan`."""

from diffusers import AutoencoderKLWan

from dreamrelation.backbones.autoencoder import VideoAutoencoder
from dreamrelation.errors import UserError
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings


class WanAutoencoder(VideoAutoencoder):
    """See `interface.Autoencoder`.

    Raises UserError also where the strides are not those of the kind: 2.1 and 2.2 share their classes.
    """

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        super().__init__(settings, machine, AutoencoderKLWan)
        spec, own = self.spec, self.vae.config
        strides = (own.scale_factor_temporal, own.scale_factor_spatial)
        if strides != (spec.temporal_stride, spec.spatial_stride):
            raise UserError(
                f"model.path {settings.path!r}: its autoencoder has the strides {strides} in time and space, expected"
                f" {(spec.temporal_stride, spec.spatial_stride)} of {spec.title}; is model.kind that of this model?"
            )
