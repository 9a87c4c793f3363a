"""The crop of a window."""

import numpy as np
import pytest

from dreamrelation.data.crops import FEET, body_heights, choose_crop
from dreamrelation.data.refusal import Refusal
from dreamrelation.settings.data import ClipSettings

SETTINGS = ClipSettings(pixel_frames=(19,), height=64, width=96)
TRACKED = np.ones((19, 2, 25), bool)


def bodies(x: tuple[float, float], feet: float = 900.0, height: float = 300.0) -> np.ndarray:
    """Joint boxes 80 pixels wide round x; the rest of the joints lie within."""
    rng = np.random.default_rng(1)
    unit = rng.uniform(size=(19, 2, 25, 2))
    unit[:, :, 0], unit[:, :, 1] = 0.0, 1.0
    left = np.array([[x[0] - 40, feet - height], [x[1] - 40, feet - height]])
    return left[None, :, None] + unit * [80.0, height]


@pytest.mark.parametrize("x", [(800.0, 1000.0), (60.0, 200.0), (1700.0, 1860.0)])
def test_the_crop_holds_all_joints_and_has_the_aspect(x: tuple[float, float]) -> None:
    pixels = bodies(x)
    crop = choose_crop(pixels, TRACKED, (1920, 1080), SETTINGS)
    low, high = pixels.min(axis=(0, 1, 2)), pixels.max(axis=(0, 1, 2))
    assert crop.left >= 0 and crop.top >= 0
    assert crop.left + crop.width <= 1920 and crop.top + crop.height <= 1080
    assert crop.left <= low[0] and crop.top <= low[1]
    assert high[0] <= crop.left + crop.width - 1 and high[1] <= crop.top + crop.height - 1
    assert abs(crop.width - 1.5 * crop.height) <= 0.5


def test_the_taller_body_gets_its_share_and_the_feet_their_place() -> None:
    pixels = bodies((800.0, 1000.0))
    crop = choose_crop(pixels, TRACKED, (1920, 1080), SETTINGS)
    body = 300 * (1 + 2 * SETTINGS.margin_share)
    assert body / crop.height == pytest.approx(SETTINGS.target_body_share, rel=0.01)
    assert (900 - crop.top) / crop.height == pytest.approx(FEET, abs=0.005)


def test_the_crop_grows_when_the_bodies_are_far_apart() -> None:
    crop = choose_crop(bodies((400.0, 1300.0)), TRACKED, (1920, 1080), SETTINGS)
    assert crop.width == pytest.approx(980 + 2 * 0.12 * 300, abs=2)


def test_bodies_that_do_not_fit_or_are_too_small_are_refused() -> None:
    with pytest.raises(Refusal, match="does not fit: the joints need 1801 pixels, the crop has 1620"):
        choose_crop(bodies((50.0, 1770.0)), TRACKED, (1920, 1080), SETTINGS)
    with pytest.raises(Refusal, match=r"too small: a body has 0\.33"):
        choose_crop(bodies((400.0, 1400.0), height=200.0), TRACKED, (1920, 1080), SETTINGS)
    with pytest.raises(Refusal, match="joints outside the picture: found x -10"):
        choose_crop(bodies((30.0, 400.0)), TRACKED, (1920, 1080), SETTINGS)


def test_untracked_joints_count_for_nothing() -> None:
    pixels, tracked = bodies((800.0, 1000.0)), TRACKED.copy()
    expected = choose_crop(pixels, tracked, (1920, 1080), SETTINGS)
    tracked[3, 1, 7] = False
    pixels[3, 1, 7] = np.nan
    assert choose_crop(pixels, tracked, (1920, 1080), SETTINGS) == expected
    pixels[3, 1, 7] = -500.0
    assert choose_crop(pixels, tracked, (1920, 1080), SETTINGS) == expected


def test_a_raised_arm_does_not_make_a_body_taller() -> None:
    pixels = bodies((800.0, 1000.0))
    pixels[:5, 0, 2, 1] = 450.0
    np.testing.assert_allclose(body_heights(pixels, TRACKED), [300.0, 300.0])
