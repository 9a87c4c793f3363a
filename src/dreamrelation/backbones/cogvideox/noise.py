"""Between a flow's noise levels and the timesteps of a diffusion that keeps the variance.

A diffusion shows its model z_t = α·x + s·ε with α² + s² = 1, a flow z_σ = (1 − σ)·x + σ·ε. They are the same latents at
another scale, z_t = c·z_σ, where α = c·(1 − σ), s = c·σ and c = 1/√((1 − σ)² + σ²). So each timestep is a noise level,
and Euler's method along the flow is DDIM along the diffusion.
"""

import torch
from torch import Tensor

HUNDREDTHS = 100


class Timesteps:
    """Finds the timestep of a noise level in a table of all timesteps' ᾱ = α²."""

    def __init__(self, alphas_cumprod: Tensor) -> None:
        """(T,) from the first timestep to the last, falling."""
        alpha, s = alphas_cumprod.double().sqrt(), (1 - alphas_cumprod.double()).sqrt()
        self.levels = s / (s + alpha)
        """(T,) float64, rising."""

    def of(self, sigma: Tensor) -> Tensor:
        """(B,) noise levels → (B,) float32 timesteps, linear between whole ones; below the first it is the first.

        They are rounded to hundredths, so that float32 levels of whole timesteps give whole ones.
        """
        levels = self.levels.to(sigma.device)
        wanted = sigma.double().clamp(levels[0], levels[-1])
        after = torch.searchsorted(levels, wanted).clamp(1, len(levels) - 1)
        before = after - 1
        share = (wanted - levels[before]) / (levels[after] - levels[before])
        return ((HUNDREDTHS * (before + share)).round() / HUNDREDTHS).float()
