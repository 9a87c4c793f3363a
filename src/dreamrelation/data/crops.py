"""Which part of the picture is used: one rectangle per window, with the aspect of the frames the model sees."""

import math
from dataclasses import dataclass

import numpy as np

from dreamrelation.data.refusal import Refusal
from dreamrelation.settings.data import ClipSettings

FEET = 0.91
"""Where the lowest joint lands, as a share of the crop's height."""


@dataclass(frozen=True)
class Crop:
    """A rectangle in source pixels."""

    left: int
    top: int
    width: int
    height: int


def choose_crop(pixels: np.ndarray, tracked: np.ndarray, picture: tuple[int, int], settings: ClipSettings) -> Crop:
    """The crop of a window: pixels (F, 2, 25, 2), tracked (F, 2, 25) bool, picture (width, height).

    It holds all tracked joints, with `margin_share` around them as far as the picture goes, has the aspect of
    `settings`, and is tightened so that the taller body has `target_body_share` of its height. Raises Refusal where
    joints lie outside the picture or do not fit, or a body is too small.
    """
    boxes = pixels[tracked]
    low, high = boxes.min(axis=0), boxes.max(axis=0)
    if (low < 0).any() or (high > np.subtract(picture, 1)).any():
        raise Refusal(
            f"joints outside the picture: found x {low[0]:.0f}…{high[0]:.0f} and y {low[1]:.0f}…{high[1]:.0f},"
            f" expected 0…{picture[0] - 1} and 0…{picture[1] - 1}"
        )
    joint_heights = body_heights(pixels, tracked)
    margin = settings.margin_share * joint_heights.max()
    bodies = joint_heights * (1 + 2 * settings.margin_share)
    aspect = settings.width / settings.height
    wanted = bodies.max() / max(settings.target_body_share, 1e-6)
    needed = max(high[1] - low[1] + 2 * margin, (high[0] - low[0] + 2 * margin) / aspect)
    height = math.floor(min(max(wanted, needed), picture[1], picture[0] / aspect))
    width = min(round(height * aspect), picture[0])
    top = _place(low[1], high[1], margin, height, picture[1], high[1] - FEET * height)
    left = _place(low[0], high[0], margin, width, picture[0], (low[0] + high[0] - width) / 2)
    share = float(bodies.min() / height)
    if share < settings.minimum_body_share:
        raise Refusal(f"too small: a body has {share:.2f} of the crop's height, expected {settings.minimum_body_share}")
    return Crop(left, top, width, height)


def middle_crop(picture: tuple[int, int], settings: ClipSettings) -> Crop:
    """The largest crop in the middle of a picture (width, height), with the aspect of `settings`."""
    width, height = picture
    aspect = settings.width / settings.height
    crop_width, crop_height = min(width, round(height * aspect)), min(height, round(width / aspect))
    return Crop((width - crop_width) // 2, (height - crop_height) // 2, crop_width, crop_height)


def body_heights(pixels: np.ndarray, tracked: np.ndarray) -> np.ndarray:
    """Height of each body's joint box in the middle frame of all when ordered by height, (F, 2, 25, 2) → (2,) pixels.

    The median: a raised arm or a bow does not change how tall somebody is.
    """
    y = pixels[..., 1]
    seen = tracked & ~np.isnan(y)
    heights = np.where(seen, y, -np.inf).max(axis=-1) - np.where(seen, y, np.inf).min(axis=-1)
    return np.array([np.median(heights[seen[:, who].any(axis=-1), who]) for who in range(2)])


def _place(low: float, high: float, margin: float, size: int, limit: int, wanted: float) -> int:
    """Where a crop of `size` pixels starts, as near `wanted` as margin, joints and picture allow, in this order."""
    start = wanted
    if high - low + 2 * margin <= size:
        start = min(max(start, high + margin - size), low - margin)
    first, last = max(math.ceil(high + 1 - size), 0), min(math.floor(low), limit - size)
    if first > last:
        raise Refusal(f"does not fit: the joints need {high + 1 - low:.0f} pixels, the crop has {size}")
    return min(max(round(start), first), last)
