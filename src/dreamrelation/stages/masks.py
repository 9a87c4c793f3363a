"""The masks stage: selected clips of one relation in, run-length masks of both subjects out."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast, get_args

import numpy as np
from tqdm import tqdm

from dreamrelation.ahead import ahead
from dreamrelation.data.reading import read_frames, read_joints
from dreamrelation.errors import UserError
from dreamrelation.progress import progress
from dreamrelation.roles import SUBJECTS
from dreamrelation.segmentation.clip_masks import ClipMasks, clip_masks
from dreamrelation.segmentation.contact_sheet import Strip, strip, write_contact_sheet
from dreamrelation.segmentation.interface import ClipView, JointView, Segmenter, Subject1, UnusableClip
from dreamrelation.segmentation.truth import true_masks
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.settings.stages import MasksStage
from dreamrelation.tables.rows import MASKS, REJECTIONS, SELECTION, TRAIN, TRUE_MASKS, MaskRow, Rejection, SelectedClip


def run(
    *,
    settings: MasksStage,
    machine: MachineSettings,
    relation: str,
    selection: Path,
    masks: Path,
    contact_sheet: Path,
    rejections: Path,
) -> None:
    """Write the masks, the contact sheet and the table of refused clips of one relation.

    Raises UserError where fewer than `settings.minimum` clips get masks, with every reason.
    """
    clips = [clip for clip in SELECTION.read(selection) if clip.relation == relation]
    if not clips:
        raise UserError(f"{selection}: found no clip of {relation}, expected at least {settings.minimum}")
    truth = None if settings.masks.truth is None else TRUE_MASKS.read(Path(settings.masks.truth))
    segmenter: Segmenter = implementation_of(settings.masks.segmenter)(settings.masks.segmenter, machine)
    size = settings.size.height, settings.size.width
    outcome = Outcome()
    views = ahead(lambda clip: clip_view(clip, *working_size(settings)), clips)
    for clip, view in progress(zip(clips, views, strict=True), len(clips), f"masks {relation}"):
        true = None if truth is None else true_masks(truth, clip, *size)
        try:
            outcome.keep(view, clip_masks(segmenter, view, true, size, settings.masks))
        except UnusableClip as error:
            outcome.refuse(view, str(error))
        _say(f"{clip.clip}: {outcome.strips[-1].note}")
    refused = {row.clip for row in outcome.refused}
    good = sum(clip.clip not in refused for clip in clips if clip.split == TRAIN)
    _require(good, outcome.refused, relation, settings.minimum)
    _say_truth(relation, outcome.ious)
    MASKS.write(masks, outcome.rows, rows_per_group=SUBJECTS * max(clip.pixel_frames for clip in clips))
    REJECTIONS.write(rejections, outcome.refused)
    write_contact_sheet(contact_sheet, f"{relation}: {len(clips) - len(refused)} of {len(clips)} clips", outcome.strips)


@dataclass(frozen=True)
class Outcome:
    """What came of the clips so far; masks are kept as run-length codes only, for there are gigabytes of pixels."""

    rows: list[MaskRow] = field(default_factory=list)
    refused: list[Rejection] = field(default_factory=list)
    strips: list[Strip] = field(default_factory=list)
    ious: list[np.ndarray] = field(default_factory=list)
    """(F, 2) of each clip with a truth."""

    def keep(self, view: ClipView, found: ClipMasks) -> None:
        self.rows.extend(found.rows())
        self.strips.append(strip(view.name, view.frames, found.masks, found.note()))
        if found.truth_iou is not None:
            self.ious.append(found.truth_iou)

    def refuse(self, view: ClipView, reason: str) -> None:
        self.refused.append(Rejection(view.name, reason))
        self.strips.append(strip(view.name, view.frames, None, f"refused: {reason}", refused=True))


def working_size(settings: MasksStage) -> tuple[int, int]:
    """(H, W) of the frames that are segmented."""
    scale = settings.masks.working_scale
    return round(settings.size.height * scale), round(settings.size.width * scale)


def clip_view(clip: SelectedClip, height: int, width: int) -> ClipView:
    """A clip's frames, and its joints where it has a skeleton, as a segmenter sees them. Raises UserError."""
    joints = None
    if clip.skeleton is not None:
        window = read_joints(clip, height, width)
        joints = JointView(window.joints, window.tracked)
    subject1 = cast(Subject1, clip.subject_rule) if clip.subject_rule in get_args(Subject1) else "left"
    return ClipView(clip.clip, read_frames(clip, height, width), joints, subject1, clip)


def _require(good: int, refused: list[Rejection], relation: str, minimum: int) -> None:
    if good < minimum:
        reasons = "".join(f"\n  {row.clip}: {row.reason}" for row in refused)
        raise UserError(
            f"{relation}: found {good} clips to learn from with usable masks, expected at least {minimum}"
            f" (clips.minimum); refused:{reasons or ' none'}"
        )


def _say_truth(relation: str, ious: list[np.ndarray]) -> None:
    if ious:
        first, second = np.median(np.concatenate(ious), axis=0)
        _say(f"{relation}: median IoU with the truth: subject 1 {first:.3f}, subject 2 {second:.3f}")


def _say(line: str) -> None:
    """A line in the log, beside the bar."""
    tqdm.write(line, file=sys.stderr)
