import numpy as np
import pytest

from dreamrelation.geometry import covered_frames, latent_grid
from dreamrelation.masks.pooling import latent_masks, pool_masks
from dreamrelation.settings.model import LatentSettings

FRAMES, HEIGHT, WIDTH = 13, 32, 48


def random_masks(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).random(shape) < 0.4


@pytest.mark.parametrize("pooling", ["area", "released_code"])
def test_a_full_mask_is_one_and_an_empty_one_zero(pooling):
    full = np.ones((FRAMES, HEIGHT, WIDTH), bool)
    assert pool_masks(full, pooling).shape == latent_grid(FRAMES, HEIGHT, WIDTH)
    assert (pool_masks(full, pooling) == 1).all() and (pool_masks(~full, pooling) == 0).all()


def test_area_is_the_exact_mean_over_covered_frames_and_pixels():
    masks = np.random.default_rng(1).random((FRAMES, HEIGHT, WIDTH))
    pooled = pool_masks(masks)
    for k, y, x in np.ndindex(pooled.shape):
        frames = list(covered_frames(k))
        cell = masks[frames, 8 * y : 8 * y + 8, 8 * x : 8 * x + 8]
        assert pooled[k, y, x] == np.float32(cell.mean())


def test_the_pooled_area_is_the_area():
    masks = random_masks(2, FRAMES, HEIGHT, WIDTH)
    weights = np.array([1, 6, 6])[:, None, None] * 64
    assert (pool_masks(masks) * weights).sum() == pytest.approx(masks.sum(), rel=1e-6)


def test_frame_0_alone_is_in_latent_frame_0():
    masks = np.zeros((FRAMES, HEIGHT, WIDTH), bool)
    masks[0] = True
    pooled = pool_masks(masks)
    assert (pooled[0] == 1).all() and (pooled[1:] == 0).all()


def test_union_is_never_above_one_nor_above_the_sum():
    masks = random_masks(3, FRAMES, 2, HEIGHT, WIDTH)
    pooled = latent_masks(masks, LatentSettings())
    relation, first, second = (pooled[role].astype(np.float64) for role in ("relation", "subject1", "subject2"))
    assert (relation <= 1).all()
    assert (relation <= first + second + 1e-6).all()
    assert (relation >= np.maximum(first, second) - 1e-6).all()


def test_the_released_code_adds_the_subjects():
    masks = np.ones((FRAMES, 2, HEIGHT, WIDTH), bool)
    assert (latent_masks(masks, LatentSettings(union="released_code"))["relation"] == 2).all()
    apart = random_masks(4, FRAMES, 2, HEIGHT, WIDTH)
    apart[:, 1] &= ~apart[:, 0]
    summed, united = (latent_masks(apart, LatentSettings(union=union)) for union in ("released_code", "per_pixel"))
    assert np.allclose(summed["relation"], united["relation"], atol=1e-6)


def test_the_released_code_counts_a_cell_with_one_pixel():
    masks = np.zeros((FRAMES, HEIGHT, WIDTH), bool)
    masks[4, 9, 17] = True
    expected = np.zeros(latent_grid(FRAMES, HEIGHT, WIDTH))
    expected[1, 1, 2] = 1
    assert np.array_equal(pool_masks(masks, "released_code"), expected)
    assert pool_masks(masks)[1, 1, 2] == pytest.approx(1 / (6 * 64))


@pytest.mark.parametrize(("shape", "named"), [((12, 32, 48), "12"), ((13, 40, 48), "40")])
def test_clips_that_do_not_fit_the_grid_are_refused(shape, named):
    with pytest.raises(ValueError, match=named):
        pool_masks(np.zeros(shape, bool))


def test_one_subject_is_not_two():
    with pytest.raises(ValueError, match=r"\(F, 2, H, W\)"):
        latent_masks(np.zeros((13, 1, 32, 48), bool), LatentSettings())
