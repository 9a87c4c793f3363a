"""Videos of the selected clips: each with its masks, and some as they are; drawn once for all pages that show them."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from dreamrelation.report.media import MediaFolder, PageVideo, tinted
from dreamrelation.tables.rows import MaskRow, SelectedClip


@dataclass(frozen=True)
class ClipPictures:
    """A selected clip and its masks, at the size that the model sees."""

    frames: np.ndarray
    """(F, H, W, 3) uint8 RGB."""
    masks: np.ndarray
    """(F, 2, H, W) bool."""


ReadClip = Callable[[SelectedClip, list[MaskRow]], ClipPictures]
"""Reads a clip's pictures, out of the masks of all clips of its relation."""


@dataclass(frozen=True)
class ClipVideos:
    """One clip's."""

    tinted: PageVideo
    """With the masks of both subjects."""
    plain: PageVideo | None
    """None: it is not shown as it is."""


def clip_videos(
    selection: list[SelectedClip],
    masks: list[MaskRow],
    plain: list[str],
    read_clip: ReadClip,
    media: MediaFolder,
    workers: Executor,
) -> dict[str, ClipVideos]:
    """Clip → its videos, of those that have masks; those of `plain` as they are, too. Writes them."""
    rows: dict[str, list[MaskRow]] = {}
    for row in masks:
        rows.setdefault(row.clip, []).append(row)

    def drawn(clip: SelectedClip) -> ClipVideos:
        pictures, rate = read_clip(clip, rows[clip.clip]), round(clip.frames_per_second)
        coloured = tinted(pictures.frames, pictures.masks)
        return ClipVideos(
            media.write_video(coloured, rate, f"{clip.relation}/clips", clip.clip),
            media.write_video(pictures.frames, rate, f"{clip.relation}/exemplars", clip.clip)
            if clip.clip in plain
            else None,
        )

    segmented = [clip for clip in selection if clip.clip in rows]
    return dict(zip([clip.clip for clip in segmented], workers.map(drawn, segmented), strict=True))
