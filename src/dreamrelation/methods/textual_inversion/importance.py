"""ReVersion's relation-focal importance sampling: noise levels are drawn more often near noise.

The density is p(σ) = 1 − cos(πσ)/2 on [0, 1], with the distribution function F(σ) = σ − sin(πσ)/(2π); so the mean is
1/2 + 1/π² = .60132 and P(σ > 1/2) = 1/2 + 1/(2π) = .65915.
"""

import math

import torch
from torch import Tensor

HALVINGS = 60
"""More than float64 can tell apart."""


def distribution(sigma: Tensor) -> Tensor:
    """F(σ)."""
    return sigma - torch.sin(math.pi * sigma) / (2 * math.pi)


def noise_levels(uniform: Tensor) -> Tensor:
    """F⁻¹(u): σ of the uniform numbers u in [0, 1], of their shape and type. F has no inverse in closed form."""
    wanted = uniform.double()
    low, high = torch.zeros_like(wanted), torch.ones_like(wanted)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = distribution(middle) < wanted
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return ((low + high) / 2).to(uniform)
