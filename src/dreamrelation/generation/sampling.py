"""Euler sampling of the flow with classifier-free guidance: noise → latents."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from dreamrelation.backbones.interface import CaptionEmbeddings, Denoiser
from dreamrelation.flow import euler_step


@dataclass(frozen=True)
class Guidance:
    """How strongly a prompt is followed."""

    scale: float
    """1: the prompt alone; larger: away from the empty prompt."""
    empty: CaptionEmbeddings
    """(1, L, D) the embedded empty prompt."""


def starting_noise(seeds: list[int], shape: tuple[int, int, int, int]) -> Tensor:
    """(B, C, f, h, w) from one generator per film, so that a film does not depend on its batch."""
    return torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])


def guided_velocity(
    denoiser: Denoiser, noisy: Tensor, sigma: float, captions: CaptionEmbeddings, guidance: Guidance
) -> Tensor:
    """v̂ = v̂(∅) + s·(v̂(prompt) − v̂(∅)), (B, C, f, h, w)."""
    count = len(noisy)
    if guidance.scale == 1:
        return denoiser.velocity(noisy, torch.full((count,), sigma), captions)
    both = CaptionEmbeddings(
        torch.cat([guidance.empty.embedding.expand(count, -1, -1), captions.embedding]),
        torch.cat([guidance.empty.attention_mask.expand(count, -1), captions.attention_mask]),
    )
    answers = denoiser.velocity(torch.cat([noisy, noisy]), torch.full((2 * count,), sigma), both)
    without, prompted = answers.chunk(2)
    return without + guidance.scale * (prompted - without)


@torch.no_grad()
def sample(
    denoiser: Denoiser, noise: Tensor, captions: CaptionEmbeddings, guidance: Guidance, sigmas: list[float]
) -> Tensor:
    """Latents (B, C, f, h, w) in the transformer's space; noise levels fall from 1 to 0. Steps run in float32."""
    latents = noise.to(denoiser.device, torch.float32)
    for sigma, following in pairwise(sigmas):
        velocity = guided_velocity(denoiser, latents, sigma, captions, guidance)
        latents = euler_step(latents, velocity, sigma, following)
    return latents
