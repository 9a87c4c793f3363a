"""Pictures that show nothing or do not go with their skeletons are refused."""

import numpy as np
import pytest

from dreamrelation.data.pictures import check_pictures
from dreamrelation.data.refusal import Refusal

FRAMES = 19


def pictures(moving: bool = True, noise: float = 0.5) -> np.ndarray:
    """A bright bar that walks, or stands, before a wall with a pattern."""
    rng = np.random.default_rng(0)
    wall = rng.uniform(60, 120, (36, 64))
    frames = np.repeat(wall[None], FRAMES, axis=0)
    for number in range(FRAMES):
        at = 10 + (2 * number if moving else 0)
        frames[number, 8:32, at : at + 5] = 200
    return np.clip(frames + rng.normal(0, noise, frames.shape), 0, 255).astype(np.uint8)


def joints(moving: bool = True, jitter: float = 0.001) -> np.ndarray:
    """Two people 1.7 m tall, of whom one walks; jitter in metres."""
    rng = np.random.default_rng(1)
    places = np.zeros((FRAMES, 2, 25, 3))
    places[..., 1] = np.linspace(0, 1.7, 25)
    if moving:
        places[:, 0, :, 0] += 0.05 * np.arange(FRAMES)[:, None]
    return places + rng.normal(0, jitter, places.shape)


def test_movement_of_both_or_of_neither_is_good() -> None:
    check_pictures(pictures(), joints())
    check_pictures(pictures(), None)
    check_pictures(pictures(moving=False), joints(moving=False))


@pytest.mark.parametrize(
    ("thumbnails", "skeletons", "message"),
    [
        (
            np.zeros((FRAMES, 36, 64), np.uint8),
            joints(),
            "blank picture: found nothing to see in 19 of the window's 19",
        ),
        (np.full((FRAMES, 36, 64), 255, np.uint8), None, "blank picture"),
        (pictures(moving=False), joints(), r"frozen picture: found movement in 0\.00 .* of the skeletons in 1\.00"),
        (pictures(moving=False), None, r"frozen picture: found movement in 0\.00 of the window's steps, expected 0\.2"),
        (pictures(), joints(moving=False), r"frozen skeleton: found movement in 0\.00 .* of the picture in 1\.00"),
        (pictures(moving=False), joints(False, jitter=0), r"frozen skeleton: .* exactly the same places in 1\.00"),
    ],
)
def test_what_does_not_go_together_is_refused(
    thumbnails: np.ndarray, skeletons: np.ndarray | None, message: str
) -> None:
    with pytest.raises(Refusal, match=message):
        check_pictures(thumbnails, skeletons)
