"""Identities of the rectified flow, in float64."""

from itertools import pairwise

import pytest
import torch

from dreamrelation.flow import add_noise, euler_step, shift_levels


def pair(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shape = (3, 12, 4, 2, 3)
    return tuple(torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(2))  # type: ignore[return-value]


def test_noisy_plus_sigma_velocity_is_clean() -> None:
    clean, noise = pair()
    latents = add_noise(clean, noise, torch.tensor([0.0, 0.37, 1.0], dtype=torch.float64))
    back = latents.noisy + latents.sigma.view(-1, 1, 1, 1, 1) * latents.velocity
    torch.testing.assert_close(back, clean, rtol=0, atol=1e-14)


def test_noisy_minus_the_rest_of_the_velocity_is_noise() -> None:
    clean, noise = pair()
    sigma = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
    latents = add_noise(clean, noise, sigma)
    back = latents.noisy - (1 - sigma).view(-1, 1, 1, 1, 1) * latents.velocity
    torch.testing.assert_close(back, noise, rtol=0, atol=1e-14)


def test_the_ends_are_clean_and_noise() -> None:
    clean, noise = pair()
    assert torch.equal(add_noise(clean, noise, torch.zeros(3, dtype=torch.float64)).noisy, clean)
    assert torch.equal(add_noise(clean, noise, torch.ones(3, dtype=torch.float64)).noisy, noise)


def test_shifts_of_noise_levels_multiply_and_leave_the_ends() -> None:
    sigma = torch.linspace(0, 1, 11, dtype=torch.float64)
    assert torch.equal(shift_levels(sigma, 1.0), sigma)
    both = shift_levels(shift_levels(sigma, 3.0), 0.7)
    torch.testing.assert_close(both, shift_levels(sigma, 2.1), rtol=0, atol=1e-15)
    assert both[0] == 0 and both[-1] == 1 and (both[1:-1] > sigma[1:-1]).all()


@pytest.mark.parametrize("sigmas", [[1.0, 0.0], [1.0, 0.9, 0.1, 0.0], [1 - k / 64 for k in range(65)]])
def test_euler_with_the_true_velocity_reaches_the_clean_latents(sigmas: list[float]) -> None:
    clean, noise = pair()
    velocity = clean - noise
    latents = noise
    for sigma, following in pairwise(sigmas):
        latents = euler_step(latents, velocity, sigma, following)
    torch.testing.assert_close(latents, clean, rtol=0, atol=1e-12)
