"""Exemplar clips on the page: as the model sees them, and again with the masks of both subjects."""

from collections.abc import Callable
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
class Exemplar:
    """One clip of the data, as it is and with its masks."""

    clip: str
    caption: str
    plain: PageVideo
    tinted: PageVideo


def exemplars_of(
    selection: list[SelectedClip],
    masks: list[MaskRow],
    read_clip: ReadClip,
    count: int,
    media: MediaFolder,
) -> list[Exemplar]:
    """The first `count` clips that have masks; writes their videos."""
    segmented = {row.clip for row in masks}
    exemplars = []
    for clip in [clip for clip in selection if clip.clip in segmented][:count]:
        pictures, place = read_clip(clip, masks), f"{clip.relation}/exemplars"
        rate = round(clip.frames_per_second)
        plain = media.write_video(pictures.frames, rate, place, clip.clip)
        drawn = tinted(pictures.frames, pictures.masks)
        coloured = media.write_video(drawn, rate, place, f"{clip.clip}_masks")
        exemplars.append(Exemplar(clip.clip, clip.caption, plain, coloured))
    return exemplars
