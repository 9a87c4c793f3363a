"""Euler's method along the flow: noise → latents."""

from itertools import pairwise

import torch
from torch import Tensor

from dreamrelation.backbones.interface import Denoiser, TextEmbeddings
from dreamrelation.flow import euler_step
from dreamrelation.sampling.guidance import Guidance, guided_velocity


def starting_noise(seeds: list[int], shape: tuple[int, int, int, int]) -> Tensor:
    """(B, C, f, h, w) from one generator per video, so that a video does not depend on its batch."""
    return torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])


@torch.no_grad()
def sample(denoiser: Denoiser, noise: Tensor, texts: TextEmbeddings, guidance: Guidance, sigmas: list[float]) -> Tensor:
    """Latents (B, C, f, h, w) in the transformer's space; noise levels fall from 1 to 0. Steps run in float32."""
    latents = noise.to(denoiser.device, torch.float32)
    for sigma, following in pairwise(sigmas):
        velocity = guided_velocity(denoiser, latents, sigma, texts, guidance)
        latents = euler_step(latents, velocity, sigma, following)
    return latents
