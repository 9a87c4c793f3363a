"""Noise levels of sampling, from 1 down to 0."""

import numpy as np

from dreamrelation.backbone_spec import Schedule
from dreamrelation.flow import shift_levels


def noise_levels(schedule: Schedule, steps: int) -> list[float]:
    """steps + 1 noise levels from 1 to 0. Raises ValueError for a number of steps that the schedule cannot take."""
    if schedule.kind == "shifted":
        return shifted(steps, schedule.value)
    if schedule.kind == "shifted_and_stretched":
        return shifted_and_stretched(steps, schedule.value)
    if schedule.kind == "zero_terminal_snr":
        return zero_terminal_snr(steps, schedule.value)
    return linear_quadratic(steps, schedule.value)


def linear_quadratic(steps: int, threshold: float) -> list[float]:
    """The first half of the steps removes `threshold` of the noise, evenly; the second half goes on at that
    pace and ever faster. With x from 0 to 2 over the steps, t·x + (1 − 2t)·max(x − 1, 0)² of the noise is removed.

    A test compares it with the function of this name in diffusers.
    """
    if steps < 2 or steps % 2:
        raise ValueError(f"found {steps} sampling steps, expected an even number of at least 2")
    x = np.linspace(0.0, 2.0, steps + 1)
    removed = threshold * x + (1 - 2 * threshold) * np.maximum(x - 1, 0) ** 2
    return [float(sigma) for sigma in 1 - removed]


def shifted(steps: int, shift: float) -> list[float]:
    """Evenly spaced σ pushed towards noise, as flow models of high resolution use them."""
    return [float(sigma) for sigma in shift_levels(np.linspace(1.0, 0.0, steps + 1), shift)]


LAST_LEVEL = 0.1
"""The last noise level above 0 of LTX-2's schedule."""


def shifted_and_stretched(steps: int, shift: float) -> list[float]:
    """As `shifted`, then moved away from 1 or towards it, in proportion, until the last level above 0 is LAST_LEVEL.

    Raises ValueError for a single step, which has no such level beside 1.
    """
    if steps < 2:
        raise ValueError(f"found {steps} sampling steps, expected 2 or more")
    removed = 1 - np.array(shifted(steps, shift)[:-1])
    return [*(float(level) for level in 1 - removed * (1 - LAST_LEVEL) / removed[-1]), 0.0]


TIMESTEPS, BETAS = 1000, (0.00085, 0.012)
"""Of Stable Diffusion's and CogVideoX's diffusion; β rises as the square of an even rise of its root."""


def zero_terminal_snr(steps: int, shift: float) -> list[float]:
    """Evenly spaced timesteps, the last of them first, of a diffusion whose signal-to-noise ratio is divided by `shift`
    and then moved so that the last timestep is pure noise (Lin et al., 2023, arXiv 2305.08891).

    σ = s / (s + α) with α² = ᾱ and s² = 1 − ᾱ. Raises ValueError for a number of steps that is not 1 to 1000.
    """
    if not 1 <= steps <= TIMESTEPS:
        raise ValueError(f"found {steps} sampling steps, expected 1 to {TIMESTEPS}")
    kept = np.cumprod(1 - np.linspace(BETAS[0] ** 0.5, BETAS[1] ** 0.5, TIMESTEPS) ** 2)
    alpha = np.sqrt(kept / (shift + (1 - shift) * kept))
    alpha = (alpha - alpha[-1]) * alpha[0] / (alpha[0] - alpha[-1])
    s = np.sqrt(1 - alpha**2)
    chosen = np.round(np.arange(TIMESTEPS, 0, -TIMESTEPS / steps)).astype(int)[:steps] - 1
    return [*(float(level) for level in (s / (s + alpha))[chosen]), 0.0]
