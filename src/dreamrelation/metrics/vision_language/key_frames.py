"""Which frames of a video a judge is shown."""

from typing import Literal

import numpy as np

KeyFrames = Literal["spread", "ends"]
ENDS = 5
"""Frames of the rule `ends`."""


def key_frames(frames: int, count: int, rule: KeyFrames) -> list[int]:
    """Their numbers, which rise.

    `spread`: evenly from the first to the last, of 61 frames 0, 15, 30, 45, 60; `ends`: the first two, the middle one
    and the last two, 0, 1, 30, 59, 60. All frames where there are no more than `count`. Raises ValueError for `ends`
    with another count than 5.
    """
    if rule == "ends" and count != ENDS:
        raise ValueError(f"found {count} frames by the rule `ends`, expected {ENDS}")
    if frames <= count:
        return list(range(frames))
    if rule == "ends":
        return [0, 1, (frames - 1) // 2, frames - 2, frames - 1]
    return [int(number) for number in np.rint(np.linspace(0, frames - 1, count))]
