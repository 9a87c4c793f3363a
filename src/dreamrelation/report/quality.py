"""A page about the data: every selected clip of a relation with its masks, and numbers by which bad ones are found."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dreamrelation.report.clip_videos import ClipVideos
from dreamrelation.report.inputs import RelationResults
from dreamrelation.report.media import MediaFolder, PageVideo
from dreamrelation.report.titles import relation_title
from dreamrelation.roles import SUBJECTS
from dreamrelation.tables.rows import MaskRow, SelectedClip


@dataclass(frozen=True)
class Column:
    """A number of each subject's masks over a clip."""

    title: str
    about: str
    value: Callable[[MaskRow], float | None]
    over_frames: Callable[[np.ndarray], float]
    form: str


COLUMNS = (
    Column("Area", "median share of the picture", lambda row: row.area_share, np.median, "{:.1%}"),
    Column("Neighbours", "lowest IoU with the frame before", lambda row: row.neighbour_iou, np.min, "{:.2f}"),
    Column("Joints inside", "mean share of the joints", lambda row: row.joints_inside_share, np.mean, "{:.0%}"),
    Column("Truth", "median IoU with the true masks", lambda row: row.truth_iou, np.median, "{:.3f}"),
)


@dataclass(frozen=True)
class ClipQuality:
    """One selected clip."""

    clip: str
    caption: str
    split: str
    time: str
    rules: str
    overlay: PageVideo | None
    """None: it was refused."""
    numbers: list[str]
    """One for each of COLUMNS, of subject 1 and of subject 2."""
    reason: str
    """Why it was refused; empty where it was not."""


@dataclass(frozen=True)
class RelationQuality:
    """The selected clips of one relation."""

    slug: str
    title: str
    contact_sheet: str
    clips: list[ClipQuality]


def quality_of(results: RelationResults, videos: dict[str, ClipVideos], media: MediaFolder) -> RelationQuality:
    """Of one relation, with the videos of its clips; copies its contact sheet."""
    slug = results.relation.slug
    reasons = {row.clip: row.reason for row in results.rejections}
    masks: dict[str, list[MaskRow]] = {}
    for row in results.masks:
        masks.setdefault(row.clip, []).append(row)
    clips = [
        _quality(clip, masks.get(clip.clip, []), reasons.get(clip.clip, ""), videos.get(clip.clip))
        for clip in results.selection
    ]
    return RelationQuality(slug, relation_title(slug), media.copy_picture(results.contact_sheet, slug), clips)


def _quality(clip: SelectedClip, rows: list[MaskRow], reason: str, videos: ClipVideos | None) -> ClipQuality:
    seconds = (clip.pixel_frames - 1) / clip.frames_per_second
    time = f"{clip.start_seconds:.2f} s to {clip.start_seconds + seconds:.2f} s"
    if clip.resampled:
        time += f", from {clip.source_frames_per_second:.4g} to {clip.frames_per_second:g} per second"
    return ClipQuality(
        clip.clip,
        clip.caption,
        clip.split,
        time,
        f"window {clip.window_rule}, subject 1 {clip.subject_rule}".replace("_", " "),
        None if videos is None else videos.tinted,
        [_text(column, rows) for column in COLUMNS],
        reason,
    )


def _text(column: Column, rows: list[MaskRow]) -> str:
    """Such as "0.93 and 0.91"; a dash where nothing is known."""
    parts = []
    for subject in range(1, SUBJECTS + 1):
        values = [column.value(row) for row in rows if row.subject == subject]
        known = np.array([value for value in values if value is not None])
        parts.append(column.form.format(column.over_frames(known)) if known.size else "–")
    return "–" if set(parts) == {"–"} else " and ".join(parts)
