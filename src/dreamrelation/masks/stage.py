"""The masks stage: selected clips of one relation in, run-length masks of both subjects out."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dreamrelation import tables
from dreamrelation.masks.contact_sheet import Strip, strip, write_contact_sheet
from dreamrelation.masks.encoding import encode
from dreamrelation.masks.identity import check_areas, check_joints, in_subject_order, joints_inside
from dreamrelation.masks.segmenters import SUBJECTS, ClipView, Segmenter, UnusableClip, make_segmenter
from dreamrelation.masks.truth import resize_by_area, true_masks, truth_iou
from dreamrelation.settings.experiment import ExperimentSettings


@dataclass(frozen=True)
class ClipMasks:
    """One clip's masks at the size that the model sees."""

    masks: np.ndarray
    """(F, 2, h, w) bool."""
    joints_inside: np.ndarray
    """(F, 2) share of each subject's joints inside its mask; not a number without joints."""
    truth_iou: np.ndarray | None
    """(F, 2), or None where no truth is known."""
    scores: dict[str, np.ndarray]


def working_size(settings: ExperimentSettings) -> tuple[int, int]:
    """(H, W) of the frames that are segmented."""
    scale = settings.masks.working_scale
    return round(settings.clips.height * scale), round(settings.clips.width * scale)


def run(
    settings: ExperimentSettings,
    relation: str,
    selection: Path,
    masks: Path,
    contact_sheet: Path,
    rejections: Path,
    views: Callable[[dict[str, Any]], ClipView],
) -> None:
    """Write the masks, the contact sheet and the table of refused clips of one relation.

    `views` gives the frames and joints of a row of the selection at `working_size`. Raises ValueError where fewer than
    `clips.minimum` clips get masks, with every reason.
    """
    rows = [row for row in tables.read(selection, tables.SELECTION).to_pylist() if row["relation"] == relation]
    if not rows:
        raise ValueError(f"{selection}: found no clip of {relation}, expected at least {settings.clips.minimum}")
    truth = None
    if settings.masks.truth is not None:
        truth = tables.read(Path(settings.masks.truth), tables.TRUE_MASKS)
    segmenter = make_segmenter(settings.masks, _device(settings))
    written: list[dict[str, Any]] = []
    refused: list[dict[str, str]] = []
    strips: list[Strip] = []
    ious: list[np.ndarray] = []
    for row in rows:
        view = _checked(views(row), row, settings)
        try:
            found = clip_masks(segmenter, view, row, truth, settings)
        except UnusableClip as error:
            reason = str(error).removeprefix(f"{row['clip']}: ")
            _report(f"{row['clip']}: refused: {reason}")
            refused.append({"clip": row["clip"], "reason": reason})
            strips.append(strip(row["clip"], view.frames, None, f"refused: {reason}", refused=True))
            continue
        written += _rows(row["clip"], found)
        strips.append(strip(row["clip"], view.frames, found.masks, _note(found)))
        if found.truth_iou is not None:
            ious.append(found.truth_iou)
        _report(f"{row['clip']}: {_note(found)}")
    _require(len(rows) - len(refused), refused, relation, settings)
    if ious:
        medians = np.median(np.concatenate(ious), axis=0)
        _report(f"{relation}: median IoU with the truth: subject 1 {medians[0]:.3f}, subject 2 {medians[1]:.3f}")
    groups = SUBJECTS * max(row["pixel_frames"] for row in rows)
    tables.write(masks, tables.MASKS, written, rows_per_group=groups)
    tables.write(rejections, tables.REJECTIONS, refused)
    write_contact_sheet(contact_sheet, f"{relation}: {len(rows) - len(refused)} of {len(rows)} clips", strips)


def clip_masks(
    segmenter: Segmenter, view: ClipView, row: dict[str, Any], truth: pa.Table | None, settings: ExperimentSettings
) -> ClipMasks:
    """Segment one clip, put the subjects in order and check them. Raises UnusableClip."""
    height, width = settings.clips.height, settings.clips.width
    segmented = segmenter.segment(view)
    try:
        ordered = in_subject_order(segmented.masks, view.joints, view.known)
    except ValueError as error:
        raise UnusableClip(f"{view.name}: {error}") from None
    shares = np.einsum("fss->fs", joints_inside(ordered, view.joints, view.known))
    check_joints(view.name, shares, view.known, settings.masks)
    small = np.array([[resize_by_area(mask, height, width) for mask in frame] for frame in ordered])
    check_areas(view.name, small, settings.masks)
    scores = None if truth is None else truth_iou(small, true_masks(truth, row, height, width))
    return ClipMasks(small, shares, scores, segmented.scores)


def _device(settings: ExperimentSettings) -> str:
    if settings.model.device != "auto":
        return settings.model.device
    import torch  # only here: the segmenter without weights needs no torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _checked(view: ClipView, row: dict[str, Any], settings: ExperimentSettings) -> ClipView:
    expected = (row["pixel_frames"], *working_size(settings), 3)
    if view.frames.shape != expected or view.name != row["clip"]:
        raise ValueError(
            f"{row['clip']}: found the view {view.name!r} with frames {view.frames.shape}, expected {expected}"
        )
    return view


def _rows(clip: str, found: ClipMasks) -> list[dict[str, Any]]:
    frames, _, height, width = found.masks.shape
    return [
        {
            "clip": clip,
            "frame": frame,
            "subject": subject + 1,
            "height": height,
            "width": width,
            "counts": encode(found.masks[frame, subject]),
            "area_share": float(found.masks[frame, subject].mean()),
            "joints_inside_share": _number(found.joints_inside[frame, subject]),
            "truth_iou": None if found.truth_iou is None else float(found.truth_iou[frame, subject]),
        }
        for frame in range(frames)
        for subject in range(SUBJECTS)
    ]


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _note(found: ClipMasks) -> str:
    """A clip's measures in words, subject 1 and subject 2."""
    measures = {"joints inside": np.nanmean(found.joints_inside, axis=0)}
    if found.truth_iou is not None:
        measures["IoU with the truth"] = np.median(found.truth_iou, axis=0)
    measures |= {name.replace("_", " "): score.mean(axis=0) for name, score in found.scores.items()}
    return ", ".join(f"{name} {first:.2f} and {second:.2f}" for name, (first, second) in measures.items())


def _require(good: int, refused: list[dict[str, str]], relation: str, settings: ExperimentSettings) -> None:
    if good < settings.clips.minimum:
        reasons = "".join(f"\n  {row['clip']}: {row['reason']}" for row in refused)
        raise ValueError(
            f"{relation}: found {good} clips with usable masks, expected at least {settings.clips.minimum};"
            f" refused:{reasons or ' none'}"
        )
