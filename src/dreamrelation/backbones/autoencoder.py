"""Video autoencoders of diffusers, whose `encode` and `decode` answer alike in all its video models."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dreamrelation.backbones.interface import Posterior
from dreamrelation.backbones.statistics import LatentStatistics
from dreamrelation.backbones.weights import dtype_of, load_part
from dreamrelation.devices import choose_device
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings


class VideoAutoencoder(LatentStatistics):
    """A VAE, frozen. See `interface.Autoencoder`. Each backbone has its own subclass, which names the class.

    Raises UserError where the weights are missing, broken or do not fit.
    """

    def __init__(self, settings: ModelSettings, machine: MachineSettings, model: type, scaled: bool = False) -> None:
        self.spec = settings.spec
        self.device, self.dtype = choose_device(machine.device), dtype_of(settings, "autoencoder")
        # diffusers' decorators hide the types of what its methods return
        self.vae: Any = load_part(model, settings, "autoencoder", "vae").to(self.device)
        if machine.vae_tiling:
            self.vae.enable_tiling()
        super().__init__(self.statistics(dict(self.vae.config)), scaled)

    def statistics(self, config: dict[str, Any]) -> dict[str, Any]:
        """The network's configuration as `LatentStatistics` reads it."""
        return config

    @property
    def module(self) -> nn.Module:
        return self.vae

    @torch.no_grad()
    def encode(self, frames: np.ndarray) -> Posterior:
        self.spec.latent_grid(*frames.shape[1:4])
        video = torch.from_numpy(frames).permute(0, 4, 1, 2, 3).to(self.device, self.dtype) / 127.5 - 1
        distribution = self.vae.encode(video).latent_dist
        return Posterior(distribution.mean.float(), distribution.logvar.float())

    @torch.no_grad()
    def pixels(self, latents: Tensor) -> Tensor:
        raw = self.denormalise(latents.float()).to(self.device, self.dtype)
        video = self.vae.decode(raw).sample.float()
        return ((video.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 4, 1)

    def decode(self, latents: Tensor) -> np.ndarray:
        return self.pixels(latents).cpu().numpy()
