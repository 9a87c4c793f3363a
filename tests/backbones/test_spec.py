"""What a spec says of grids: Mochi's 6k+1 rule, 4k+1, and an autoencoder without a frame of its own at the start."""

from dataclasses import replace

import pytest

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.backbones.mochi.spec import MOCHI
from dreamrelation.errors import UserError

FOUR = replace(MOCHI, title="Four", temporal_stride=4, spatial_stride=16, patch=1)
EVEN = replace(MOCHI, title="Even", temporal_stride=2, causal_first_frame=False)


@pytest.mark.parametrize(
    ("spec", "frames"), [(MOCHI, f) for f in (7, 13, 19, 61)] + [(FOUR, f) for f in (5, 81)] + [(EVEN, 8)]
)
def test_covered_frames_partition_the_clip(spec: BackboneSpec, frames: int) -> None:
    covered = [frame for k in range(spec.latent_frames(frames)) for frame in spec.covered_frames(k)]
    assert covered == list(range(frames))


def test_latent_frame_k_of_mochi_covers_6k_minus_5_to_6k() -> None:
    assert list(MOCHI.covered_frames(0)) == [0]
    assert list(MOCHI.covered_frames(3)) == [13, 14, 15, 16, 17, 18]


def test_grids() -> None:
    assert MOCHI.latent_grid(61, 480, 848) == (11, 60, 106)
    assert FOUR.latent_grid(81, 480, 832) == (21, 30, 52)
    assert EVEN.latent_grid(8, 32, 32) == (4, 4, 4)


@pytest.mark.parametrize("frames", [0, 1, 6, 18, 20, 60])
def test_other_lengths_are_refused_with_the_number(frames: int) -> None:
    with pytest.raises(UserError, match=rf"found {frames} pixel frames, expected 6k\+1 .* for Mochi"):
        MOCHI.check_pixel_frames(frames)


@pytest.mark.parametrize(("height", "width"), [(60, 96), (64, 90), (8, 96)])
def test_sides_that_do_not_fill_patches_are_refused(height: int, width: int) -> None:
    with pytest.raises(UserError, match="multiples of 16"):
        MOCHI.latent_grid(19, height, width)


def test_negative_latent_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        MOCHI.covered_frames(-1)


def test_unknown_projections_are_named() -> None:
    MOCHI.check_projections(("query", "output"))
    with pytest.raises(UserError, match="Mochi has no projection 'cross_query', expected some of query, key"):
        MOCHI.check_projections(("query", "cross_query"))
