"""Masks as COCO's compressed run-length code, and a clip's masks back out of the table."""

from collections.abc import Iterable

import numpy as np
from pycocotools import mask as coco

from dreamrelation.errors import UserError
from dreamrelation.roles import SUBJECTS
from dreamrelation.tables.rows import MaskRow


def encode(mask: np.ndarray) -> bytes:
    """Run-length code of a mask (H, W) bool."""
    if mask.dtype != bool or mask.ndim != 2:
        raise ValueError(f"found a mask {mask.dtype} {mask.shape}, expected bool (H, W)")
    counts = coco.encode(np.asfortranarray(mask, np.uint8))["counts"]
    return counts if isinstance(counts, bytes) else counts.encode()


def decode(counts: bytes, height: int, width: int) -> np.ndarray:
    """The mask (height, width) bool of a run-length code. Raises UserError where the code fills another size."""
    # pycocotools trusts the size that it is told: it would read or write past the end of a code of another one
    filled = sum(_runs(counts))
    if filled != height * width:
        raise UserError(f"found a run-length code of {filled} pixels, expected {height} × {width}")
    return coco.decode({"size": [height, width], "counts": counts}).astype(bool)


def _runs(counts: bytes) -> list[int]:
    """Lengths of the runs of COCO's compressed code: 5 bits a character, from 48 on, differences from the third on."""
    runs: list[int] = []
    at = 0
    while at < len(counts):
        value, shift, more = 0, 0, True
        while more:
            if at == len(counts):
                raise UserError("found a run-length code that breaks off")
            bits = counts[at] - 48
            value |= (bits & 0x1F) << shift
            more = bool(bits & 0x20)
            at, shift = at + 1, shift + 5
            if not more and bits & 0x10:
                value |= -1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
    return runs


def stored_masks(rows: Iterable[MaskRow], clip: str, pixel_frames: int) -> np.ndarray:
    """A clip's masks (F, 2, H, W) bool out of the rows of `masks.parquet`.

    Raises UserError unless there is exactly one mask for each of `pixel_frames` frames and both subjects, or where a
    code is broken.
    """
    own = [row for row in rows if row.clip == clip]
    found = sorted((row.frame, row.subject) for row in own)
    if found != [(frame, subject + 1) for frame in range(pixel_frames) for subject in range(SUBJECTS)]:
        raise UserError(
            f"{clip}: found {len(own)} masks of {len({frame for frame, _ in found})} frames,"
            f" expected {SUBJECTS} of each of the frames 0 to {pixel_frames - 1}"
        )
    sizes = {(row.height, row.width) for row in own}
    if len(sizes) != 1:
        raise UserError(f"{clip}: found masks of the sizes {sorted(sizes)}, expected one size")
    masks = np.empty((pixel_frames, SUBJECTS, *sizes.pop()), bool)
    for row in own:
        masks[row.frame, row.subject - 1] = decode(row.counts, row.height, row.width)
    return masks
