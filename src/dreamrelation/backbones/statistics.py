"""How a transformer sees latents: centred and scaled per channel."""

from typing import Any

import torch
from torch import Tensor

from dreamrelation.errors import UserError


class LatentStatistics:
    """Mean and standard deviation per latent channel, from the autoencoder's configuration. See `LatentSpace`.

    `scaled`: all channels are then multiplied by the configuration's scaling_factor, as Mochi's are.

    Raises UserError where the configuration lacks them.
    """

    def __init__(self, config: dict[str, Any], scaled: bool = False) -> None:
        needed = ("latents_mean", "latents_std", *(["scaling_factor"] if scaled else []))
        missing = [key for key in needed if config.get(key) is None]
        if missing:
            raise UserError(f"the autoencoder's config.json lacks {', '.join(missing)}, expected numbers per channel")
        shape = (1, -1, 1, 1, 1)
        self.mean = torch.tensor(config["latents_mean"], dtype=torch.float32).view(shape)
        self.std = torch.tensor(config["latents_std"], dtype=torch.float32).view(shape)
        self.scale = float(config["scaling_factor"]) if scaled else 1.0

    def normalise(self, latents: Tensor) -> Tensor:
        return (latents - self.mean.to(latents)) * self.scale / self.std.to(latents)

    def denormalise(self, latents: Tensor) -> Tensor:
        return latents * self.std.to(latents) / self.scale + self.mean.to(latents)


def scale_alone(config: dict[str, Any]) -> dict[str, Any]:
    """An autoencoder's configuration as `LatentStatistics` reads it: one factor for all channels, and none is moved."""
    channels = int(config["latent_channels"])
    return {**config, "latents_mean": [0.0] * channels, "latents_std": [1.0] * channels}
