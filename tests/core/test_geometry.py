"""The 6k+1 rule."""

import pytest

from dreamrelation.geometry import check_pixel_frames, covered_frames, latent_frames, latent_grid


@pytest.mark.parametrize("frames", [7, 13, 19, 37, 49, 61])
def test_covered_frames_partition_the_clip(frames: int) -> None:
    covered = [frame for k in range(latent_frames(frames)) for frame in covered_frames(k)]
    assert covered == list(range(frames))


def test_latent_frame_k_covers_6k_minus_5_to_6k() -> None:
    assert list(covered_frames(0)) == [0]
    assert list(covered_frames(3)) == [13, 14, 15, 16, 17, 18]


def test_grid_of_mochi() -> None:
    assert latent_grid(61, 480, 848) == (11, 60, 106)


@pytest.mark.parametrize("frames", [0, 1, 6, 18, 20, 60])
def test_other_lengths_are_refused_with_the_number(frames: int) -> None:
    with pytest.raises(ValueError, match=rf"found {frames} pixel frames, expected 6k\+1"):
        check_pixel_frames(frames)


@pytest.mark.parametrize(("height", "width"), [(60, 96), (64, 90), (8, 96)])
def test_sides_that_do_not_fill_patches_are_refused(height: int, width: int) -> None:
    with pytest.raises(ValueError, match="multiples of 16"):
        latent_grid(19, height, width)


def test_negative_latent_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        covered_frames(-1)
