"""Exemplar clips on a relation's page: as the model sees them, and again with the masks of both subjects."""

from dataclasses import dataclass

from dreamrelation.report.clip_videos import ClipVideos
from dreamrelation.report.media import PageVideo
from dreamrelation.tables.rows import TRAIN, SelectedClip


@dataclass(frozen=True)
class Exemplar:
    """One clip of the data, as it is and with its masks."""

    clip: str
    caption: str
    plain: PageVideo
    tinted: PageVideo


def shown_exemplars(selection: list[SelectedClip], segmented: set[str], count: int) -> list[str]:
    """The names of the first `count` clips that are learnt from and have masks."""
    return [clip.clip for clip in selection if clip.split == TRAIN and clip.clip in segmented][:count]


def exemplars_of(selection: list[SelectedClip], videos: dict[str, ClipVideos]) -> list[Exemplar]:
    """The clips that are shown as they are, too. `videos`: of each clip that has masks."""
    shown = []
    for clip in selection:
        found = videos.get(clip.clip)
        if found is not None and found.plain is not None:
            shown.append(Exemplar(clip.clip, clip.caption, found.plain, found.tinted))
    return shown
