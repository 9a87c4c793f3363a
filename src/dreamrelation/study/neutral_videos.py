"""Videos of which nothing but their pictures tells who made them.

All are encoded anew by one encoder, without metadata; those of a group have the same number of bytes and the same time
of change, so that neither a name nor a header tells them apart.
"""

import os
from pathlib import Path

import numpy as np

from dreamrelation.errors import UserError
from dreamrelation.files import appearing
from dreamrelation.video import encode

TILE = 8
"""Pixels on a side of the tiles that a spoilt video is cut into."""
BOX_HEADER = 8
"""Bytes of an MP4 box's size and name."""


def write_group(targets: list[Path], videos: list[np.ndarray], frames_per_second: int) -> None:
    """Write videos (F, H, W, 3) uint8 RGB as MP4 files of the same number of bytes.

    Raises UserError where they differ in frames or size.
    """
    first = videos[0].shape
    for target, video in zip(targets, videos, strict=True):
        if video.shape != first:
            raise UserError(
                f"{target}: found a video of frames, height and width {video.shape[:3]}, expected {first[:3]} as of the"
                " others of its group"
            )
        encode(target, video, frames_per_second)
    size = max(target.stat().st_size for target in targets) + BOX_HEADER
    for target in targets:
        pad(target, size)
        os.utime(target, (0, 0))


def pad(path: Path, size: int) -> None:
    """Lengthen an MP4 file to `size` bytes by a box that players pass over (`free` in ISO 14496-12).

    Raises ValueError where fewer bytes are missing than such a box has.
    """
    missing = size - path.stat().st_size
    if missing < BOX_HEADER:
        raise ValueError(f"{path}: {missing} bytes are missing to {size}, expected at least {BOX_HEADER}")
    content = path.read_bytes() + missing.to_bytes(4, "big") + b"free" + bytes(missing - BOX_HEADER)
    with appearing(path) as beside:
        beside.write_bytes(content)


def spoilt(video: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The frames (F, H, W, 3) cut into tiles that are mixed up, in all frames alike; whole tiles only."""
    frames, height, width = video.shape[:3]
    rows, columns = height // TILE, width // TILE
    tiles = video[:, : rows * TILE, : columns * TILE].reshape(frames, rows, TILE, columns, TILE, 3)
    flat = tiles.transpose(1, 3, 0, 2, 4, 5).reshape(rows * columns, frames, TILE, TILE, 3)
    mixed = flat[rng.permutation(len(flat))].reshape(rows, columns, frames, TILE, TILE, 3)
    result = video.copy()
    result[:, : rows * TILE, : columns * TILE] = mixed.transpose(2, 0, 3, 1, 4, 5).reshape(
        frames, rows * TILE, columns * TILE, 3
    )
    return result
