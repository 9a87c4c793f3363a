"""Rectified flow, the one place for its conventions.

z_σ = (1 − σ)·z + σ·ε with clean latents z, noise ε and σ in [0, 1]; the velocity is v = z − ε, so that
z_σ + σ·v = z and z_σ − (1 − σ)·v = ε.
"""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class NoisyLatents:
    """What a training step shows to the model, and what it should answer."""

    noisy: Tensor
    """(B, C, f, h, w) z_σ."""
    velocity: Tensor
    """(B, C, f, h, w) target v."""
    sigma: Tensor
    """(B,) in [0, 1]."""


def add_noise(clean: Tensor, noise: Tensor, sigma: Tensor) -> NoisyLatents:
    """Mix (B, C, f, h, w) latents and noise at levels sigma (B,)."""
    level = sigma.view(-1, *([1] * (clean.ndim - 1)))
    return NoisyLatents(noisy=(1 - level) * clean + level * noise, velocity=clean - noise, sigma=sigma)


def euler_step(noisy: Tensor, velocity: Tensor, sigma: float, next_sigma: float) -> Tensor:
    """One step of dz/dσ = −v."""
    return noisy + (sigma - next_sigma) * velocity
