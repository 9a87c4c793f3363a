"""Rectified flow, the one place for its conventions.

z_σ = (1 − σ)·z + σ·ε with clean latents z, noise ε and σ in [0, 1]; the velocity is v = z − ε, so that
z_σ + σ·v = z and z_σ − (1 − σ)·v = ε.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from torch import Tensor

Levels = TypeVar("Levels", Tensor, np.ndarray)
"""Noise levels."""


@dataclass(frozen=True)
class NoisyLatents:
    """What a training step shows to the model, and what it should answer."""

    noisy: Tensor
    """(B, C, f, h, w) z_σ."""
    velocity: Tensor
    """(B, C, f, h, w) target v."""
    sigma: Tensor
    """(B,) in [0, 1]."""


def shift_levels(sigma: Levels, shift: float) -> Levels:
    """Noise levels pushed towards noise, σ' = sσ/(1 + (s − 1)σ), s above 0; 0 and 1 stay where they are.

    Esser et al., Scaling Rectified Flow Transformers (2024), for pictures of higher resolution.
    """
    return shift * sigma / (1 + (shift - 1) * sigma)


def add_noise(clean: Tensor, noise: Tensor, sigma: Tensor) -> NoisyLatents:
    """Mix (B, C, f, h, w) latents and noise at levels sigma (B,)."""
    level = sigma.view(-1, *([1] * (clean.ndim - 1)))
    return NoisyLatents(noisy=(1 - level) * clean + level * noise, velocity=clean - noise, sigma=sigma)


def euler_step(noisy: Tensor, velocity: Tensor, sigma: float, next_sigma: float) -> Tensor:
    """One step of dz/dσ = −v."""
    return noisy + (sigma - next_sigma) * velocity
