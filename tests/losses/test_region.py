"""Masked reconstruction, in float64."""

import pytest
import torch

from dreamrelation.losses.region import region_loss

SHAPE = (2, 12, 4, 2, 3)


def tensors() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    predicted, target = (torch.randn(SHAPE, generator=generator, dtype=torch.float64) for _ in range(2))
    mask = torch.rand((2, 4, 2, 3), generator=generator, dtype=torch.float64)
    return predicted, target, mask


def test_without_a_mask_it_is_the_mean_squared_error() -> None:
    predicted, target, mask = tensors()
    plain = torch.nn.functional.mse_loss(predicted, target)
    torch.testing.assert_close(region_loss(predicted, target, torch.zeros_like(mask), 50.0), plain)
    torch.testing.assert_close(region_loss(predicted, target, mask, 0.0), plain)


def test_a_full_mask_multiplies_by_weight_plus_one() -> None:
    predicted, target, mask = tensors()
    plain = torch.nn.functional.mse_loss(predicted, target)
    torch.testing.assert_close(region_loss(predicted, target, torch.ones_like(mask), 50.0), 51 * plain)
    squared = region_loss(predicted, target, torch.ones_like(mask), 50.0, "released_code")
    torch.testing.assert_close(squared, 51**2 * plain)


def test_the_loss_is_linear_in_the_mask() -> None:
    predicted, target, mask = tensors()
    full = region_loss(predicted, target, mask, 50.0)
    half = region_loss(predicted, target, mask / 2, 50.0)
    none = region_loss(predicted, target, mask * 0, 50.0)
    torch.testing.assert_close(full - none, 2 * (half - none))


def test_shapes_that_do_not_fit_are_refused() -> None:
    predicted, target, mask = tensors()
    with pytest.raises(ValueError, match="expected"):
        region_loss(predicted, target, mask[:, :1], 50.0)
