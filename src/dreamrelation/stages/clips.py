"""The clips stage: look into every clip that is there, choose, and write the index and the selection."""

import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tqdm import tqdm

from dreamrelation.data.captions import read_captions
from dreamrelation.data.file_names import as_text
from dreamrelation.data.inspection import Inspection, inspect
from dreamrelation.data.ntu.discovery import Found, find_clips, listed_clips
from dreamrelation.data.selection import Choice, choose
from dreamrelation.errors import UserError
from dreamrelation.relations import RELATIONS
from dreamrelation.settings.data import ClipSettings
from dreamrelation.settings.stages import ClipsStage
from dreamrelation.tables.rows import INDEX, SELECTION, IndexedClip, SelectedClip

PARALLEL_FROM = 200
"""Clips to look into from which on it pays to start processes."""


def run(*, settings: ClipsStage, index: Path, selection: Path) -> None:
    """Write INDEX, every clip with its verdict and reason, and SELECTION, the clips that are used.

    Raises UserError where data are not there, a relation has too few good clips, or a chosen one has no caption.
    """
    captions = None if settings.data.captions is None else read_captions(Path(settings.data.captions))
    listed = listed_clips(settings.data.missing_skeletons)
    found = find_clips(settings.data)
    work = partial(inspect, relations=settings.relations, listed=listed, settings=settings.clips)
    inspections = list(tqdm(_inspect_all(found, work), "clips", len(found), disable=None, file=sys.stderr))
    choices = _choose_all(settings, inspections)
    chosen = [clip for choice in choices for clip in _selected(choice, inspections, captions)]
    INDEX.write(index, _indexed(inspections, choices, settings.clips))
    SELECTION.write(selection, chosen)


def _inspect_all(found: list[Found], work: partial[Inspection]) -> Iterator[Inspection]:
    processes = os.cpu_count() or 1
    if len(found) < PARALLEL_FROM or processes == 1:
        yield from map(work, found)
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, found, chunksize=16)


def _choose_all(settings: ClipsStage, inspections: list[Inspection]) -> list[Choice]:
    choices, errors = [], []
    for relation in settings.relations:
        of_relation = [inspection for inspection in inspections if inspection.relation == relation]
        try:
            choices.append(choose(relation, of_relation, settings.clips, settings.seed))
        except UserError as error:
            errors.append(str(error))
            continue
        choice = choices[-1]
        note = f" ({choice.fallback})" if choice.fallback else ""
        print(f"{relation}: {len(choice.clips)} clips of {choice.pixel_frames} frames{note}", file=sys.stderr)
    if errors:
        raise UserError("too few good clips\n  " + "\n  ".join(errors))
    return choices


def _selected(choice: Choice, inspections: list[Inspection], captions: dict[str, str] | None) -> Iterator[SelectedClip]:
    clips = set(choice.clips)
    for inspection in inspections:
        found = inspection.found
        if found.clip not in clips or choice.pixel_frames not in inspection.fits:
            continue
        if captions is not None and found.clip not in captions:
            raise UserError(f"{found.clip}: found no caption in data.captions, expected one for each chosen clip")
        fit = inspection.fits[choice.pixel_frames]
        yield SelectedClip(
            clip=found.clip,
            relation=choice.relation,
            caption=RELATIONS[choice.relation].caption() if captions is None else captions[found.clip],
            video=str(found.video),
            skeleton=str(found.skeleton),
            start_frame=fit.window.start_frame,
            pixel_frames=fit.window.pixel_frames,
            crop_left=fit.crop.left,
            crop_top=fit.crop.top,
            crop_width=fit.crop.width,
            crop_height=fit.crop.height,
            subject1_track=fit.subject1_track,
            subject_rule=fit.subject_rule,
            window_rule=fit.window.rule,
        )


def _indexed(inspections: list[Inspection], choices: list[Choice], settings: ClipSettings) -> Iterator[IndexedClip]:
    by_relation = {choice.relation: choice for choice in choices}
    for inspection in inspections:
        found, name = inspection.found, inspection.found.name
        verdict, reason = _verdict(inspection, by_relation.get(inspection.relation or ""), settings)
        yield IndexedClip(
            clip=found.clip,
            relation=inspection.relation,
            video=None if found.video is None else as_text(str(found.video)),
            skeleton=None if found.skeleton is None else as_text(str(found.skeleton)),
            setup=name and name.setup,
            camera=name and name.camera,
            performer=name and name.performer,
            repeat=name and name.repeat,
            action=name and name.action,
            video_frames=inspection.video_frames,
            skeleton_frames=inspection.skeleton_frames,
            bodies=inspection.bodies,
            verdict=verdict,
            reason=reason,
        )


def _verdict(inspection: Inspection, choice: Choice | None, settings: ClipSettings) -> tuple[str, str]:
    length = choice.pixel_frames if choice else settings.pixel_frames[0]
    if choice is None or length not in inspection.fits:
        return "refused", inspection.refusals[length]
    if inspection.found.clip in choice.clips:
        return "selected", f"{length} frames: {choice.fallback}" if choice.fallback else ""
    return "spare", f"good, but {len(choice.clips)} others were chosen"
