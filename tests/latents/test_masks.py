import numpy as np
import pytest

from dreamrelation.backbone_spec import BackboneSpec, SamplingDefaults, Schedule
from dreamrelation.backbones.mochi.spec import MOCHI
from dreamrelation.errors import UserError
from dreamrelation.latents.masks import latent_masks, pool_masks
from dreamrelation.settings.latents import LatentSettings

FRAMES, HEIGHT, WIDTH = 13, 32, 48


def spec(temporal_stride: int, spatial_stride: int, patch: int, causal: bool) -> BackboneSpec:
    sampling = SamplingDefaults(Schedule("shifted", 3.0), steps=2, guidance_scale=1.0, frames_per_second=16)
    return BackboneSpec("Test", temporal_stride, spatial_stride, patch, {}, sampling, causal_first_frame=causal)


OTHER = spec(temporal_stride=4, spatial_stride=16, patch=1, causal=True)
WITHOUT_FIRST = spec(temporal_stride=4, spatial_stride=4, patch=2, causal=False)
SPECS = pytest.mark.parametrize(("backbone", "frames"), [(MOCHI, 13), (OTHER, 13), (WITHOUT_FIRST, 12)])


def random_masks(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).random(shape) < 0.4


@SPECS
@pytest.mark.parametrize("pooling", ["area", "released_code"])
def test_a_full_mask_is_one_and_an_empty_one_zero(backbone, frames, pooling):
    full = np.ones((frames, HEIGHT, WIDTH), bool)
    assert pool_masks(full, backbone, pooling).shape == backbone.latent_grid(frames, HEIGHT, WIDTH)
    assert (pool_masks(full, backbone, pooling) == 1).all() and (pool_masks(~full, backbone, pooling) == 0).all()


def test_grids_are_the_models_own():
    assert pool_masks(np.ones((13, HEIGHT, WIDTH)), MOCHI).shape == (3, 4, 6)
    assert pool_masks(np.ones((13, HEIGHT, WIDTH)), OTHER).shape == (4, 2, 3)
    assert pool_masks(np.ones((12, HEIGHT, WIDTH)), WITHOUT_FIRST).shape == (3, 8, 12)


@SPECS
def test_area_is_the_exact_mean_over_covered_frames_and_pixels(backbone, frames):
    masks = np.random.default_rng(1).random((frames, HEIGHT, WIDTH))
    pooled = pool_masks(masks, backbone)
    side = backbone.spatial_stride
    for k, y, x in np.ndindex(pooled.shape):
        covered = list(backbone.covered_frames(k))
        cell = masks[covered, side * y : side * (y + 1), side * x : side * (x + 1)]
        assert pooled[k, y, x] == np.float32(cell.mean())


@pytest.mark.parametrize(
    ("backbone", "frames", "covered"),
    [(MOCHI, 13, [1, 6, 6]), (OTHER, 13, [1, 4, 4, 4]), (WITHOUT_FIRST, 12, [4, 4, 4])],
)
def test_the_pooled_area_is_the_area(backbone, frames, covered):
    masks = random_masks(2, frames, HEIGHT, WIDTH)
    weights = np.array(covered)[:, None, None] * backbone.spatial_stride**2
    assert (pool_masks(masks, backbone) * weights).sum() == pytest.approx(masks.sum(), rel=1e-6)


@pytest.mark.parametrize("backbone", [MOCHI, OTHER])
def test_frame_0_alone_is_in_latent_frame_0(backbone):
    masks = np.zeros((FRAMES, HEIGHT, WIDTH), bool)
    masks[0] = True
    pooled = pool_masks(masks, backbone)
    assert (pooled[0] == 1).all() and (pooled[1:] == 0).all()


@SPECS
def test_union_is_never_above_one_nor_above_the_sum(backbone, frames):
    masks = random_masks(3, frames, 2, HEIGHT, WIDTH)
    pooled = latent_masks(masks, LatentSettings(), backbone)
    relation, first, second = (pooled[role].astype(np.float64) for role in ("relation", "subject1", "subject2"))
    assert relation.shape == backbone.latent_grid(frames, HEIGHT, WIDTH)
    assert (relation <= 1).all()
    assert (relation <= first + second + 1e-6).all()
    assert (relation >= np.maximum(first, second) - 1e-6).all()


def test_the_released_code_adds_the_subjects():
    masks = np.ones((FRAMES, 2, HEIGHT, WIDTH), bool)
    assert (latent_masks(masks, LatentSettings(union="released_code"), MOCHI)["relation"] == 2).all()
    apart = random_masks(4, FRAMES, 2, HEIGHT, WIDTH)
    apart[:, 1] &= ~apart[:, 0]
    summed, united = (latent_masks(apart, LatentSettings(union=u), OTHER) for u in ("released_code", "per_pixel"))
    assert np.allclose(summed["relation"], united["relation"], atol=1e-6)


def test_the_released_code_counts_a_cell_with_one_pixel():
    masks = np.zeros((FRAMES, HEIGHT, WIDTH), bool)
    masks[4, 9, 17] = True
    expected = np.zeros(MOCHI.latent_grid(FRAMES, HEIGHT, WIDTH))
    expected[1, 1, 2] = 1
    assert np.array_equal(pool_masks(masks, MOCHI, "released_code"), expected)
    assert pool_masks(masks, MOCHI)[1, 1, 2] == pytest.approx(1 / (6 * 64))
    assert pool_masks(masks, OTHER)[1, 0, 1] == pytest.approx(1 / (4 * 256))


@pytest.mark.parametrize(
    ("backbone", "shape", "named"),
    [
        (MOCHI, (12, 32, 48), r"found 12 pixel frames, expected 6k\+1"),
        (MOCHI, (13, 40, 48), "40 × 48 pixels, expected multiples of 16"),
        (OTHER, (11, 32, 48), r"found 11 pixel frames, expected 4k\+1"),
        (OTHER, (13, 32, 40), "32 × 40 pixels, expected multiples of 16"),
        (WITHOUT_FIRST, (13, 32, 48), r"found 13 pixel frames, expected 4k \("),
    ],
)
def test_clips_that_do_not_fit_the_grid_are_refused(backbone, shape, named):
    with pytest.raises(UserError, match=named):
        pool_masks(np.zeros(shape, bool), backbone)


def test_one_subject_is_not_two():
    with pytest.raises(ValueError, match=r"\(F, 2, H, W\)"):
        latent_masks(np.zeros((13, 1, 32, 48), bool), LatentSettings(), MOCHI)
