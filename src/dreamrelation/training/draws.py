"""What one training step draws at random, derived from (seed, step, purpose) so that a resumed run repeats itself."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dreamrelation.latents.reading import CachedClips
from dreamrelation.randomness import generator_for
from dreamrelation.roles import ROLES, Role


@dataclass(frozen=True)
class StepDraw:
    """The random choices of one step on one process."""

    role: Role | None
    """None: the method has no roles."""
    rows: list[int]
    """(B,) rows of the cached clips, without repetition where there are enough."""
    posterior_noise: Tensor
    """(B, C, f, h, w) for the fresh draw from the VAE's posterior."""
    noise: Tensor
    """(B, C, f, h, w) ε."""
    sigma: Tensor
    """(B,) uniform in [0, 1]."""
    drop_caption: Tensor
    """(B,) bool."""


def draw_role(seed: int, step: int) -> Role:
    """One of the three roles, uniformly; the same on every process."""
    return ROLES[int(torch.randint(len(ROLES), (1,), generator=generator_for(seed, "role", step)))]


def draw_step(
    data: CachedClips, seed: int, step: int, rank: int, batch_size: int, caption_dropout: float, roles: bool
) -> StepDraw:
    """Draw a step for process `rank`."""
    clips = generator_for(seed, "clips", step, rank)
    rows: list[int] = []
    while len(rows) < batch_size:
        rows += torch.randperm(len(data), generator=clips).tolist()
    shape = (batch_size, *data.mean.shape[1:])
    return StepDraw(
        role=draw_role(seed, step) if roles else None,
        rows=rows[:batch_size],
        posterior_noise=torch.randn(shape, generator=generator_for(seed, "posterior", step, rank)),
        noise=torch.randn(shape, generator=generator_for(seed, "noise", step, rank)),
        sigma=torch.rand(batch_size, generator=generator_for(seed, "sigma", step, rank)),
        drop_caption=torch.rand(batch_size, generator=generator_for(seed, "dropout", step, rank)) < caption_dropout,
    )
