"""From what a network says of each pixel to masks of which no pixel has two owners."""

from typing import Literal

import numpy as np
from segment_anything.utils.amg import remove_small_regions


def exclusive(logits: np.ndarray) -> np.ndarray:
    """Masks (…, 2, H, W) bool from logits of that shape; pixels that both claim go to the larger logit."""
    first = logits[..., 0, :, :] >= logits[..., 1, :, :]
    return (logits > 0) & np.stack([first, ~first], axis=-3)


def tidied(masks: np.ndarray, minimum_region_share: float) -> np.ndarray:
    """Masks (2, H, W) bool without islands and holes smaller than this share of each; still no pixel has two owners."""
    without_islands = [_without_small(mask, minimum_region_share, "islands") for mask in masks]
    first, second = (
        _without_small(own, minimum_region_share, "holes") & ~other
        for own, other in (without_islands, without_islands[::-1])
    )
    return np.stack([first, second & ~first])


def _without_small(mask: np.ndarray, share: float, mode: Literal["islands", "holes"]) -> np.ndarray:
    return remove_small_regions(mask, share * mask.sum(), mode)[0].astype(bool)
