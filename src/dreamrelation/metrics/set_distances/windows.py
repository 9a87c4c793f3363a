"""Which frames of a video stand for it, as networks take a fixed number of them."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Literal

import numpy as np

Window = Literal["first", "centre", "spread"]


def window(frames: Sequence[np.ndarray] | np.ndarray, count: int, rule: Window) -> np.ndarray:
    """(count, H, W, 3) of a video's frames as they are: nothing is resampled in time.

    `first`: the first ones; `centre`: those in the middle; `spread`: evenly from the first to the last. Raises
    ValueError for a video that is too short.
    """
    if len(frames) < count:
        raise ValueError(f"found {len(frames)} frames, expected at least {count}")
    if rule == "spread":
        numbers = np.rint(np.linspace(0, len(frames) - 1, count)).astype(int)
        return np.stack([frames[number] for number in numbers])
    start = 0 if rule == "first" else (len(frames) - count) // 2
    return np.stack([frames[number] for number in range(start, start + count)])


def needed(frames: Iterable[np.ndarray], count: int, rule: Window) -> list[np.ndarray]:
    """Those that must be decoded for `window`: not all of them where the first do."""
    return list(islice(frames, count)) if rule == "first" else list(frames)
