"""The clips stage: look into every clip that is there, choose, prove the chosen, and write index and selection."""

import multiprocessing
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from dreamrelation.code_digest import digest
from dreamrelation.data.captions import read_captions
from dreamrelation.data.file_names import as_text
from dreamrelation.data.found import Found
from dreamrelation.data.inspection import Claim, Inspection, inspect, reason_not_proven
from dreamrelation.data.memo import Memo
from dreamrelation.data.selection import Choice, choose
from dreamrelation.data.sources import find
from dreamrelation.errors import UserError
from dreamrelation.files import fingerprint
from dreamrelation.progress import progress
from dreamrelation.relations import Relation
from dreamrelation.settings.data import ClipSettings
from dreamrelation.settings.stages import ClipsStage
from dreamrelation.tables.rows import HELD_OUT, INDEX, SELECTION, TRAIN, IndexedClip, SelectedClip

PARALLEL_FROM = 200
"""Clips to look into from which on it pays to start processes."""
CHUNK = 16
"""Clips that a process is given at a time, at the most."""
SHARES = 4
"""Each process is given its part in so many shares at the least, so that none waits long for another."""
INSPECTION = TypeAdapter(Inspection)
PROOF = TypeAdapter(str | None)
Ask = Callable[[Callable[[Any], str], list[Any]], Iterator[str]]
"""Asks about each of a list, in their order, here or in other processes."""


def run(*, settings: ClipsStage, memo: Path, index: Path, selection: Path, processes: int | None = None) -> None:
    """Write INDEX, every clip with its verdict and reason, and SELECTION, the clips that are used.

    What was found out about each clip is kept in `memo`, from which a later or an interrupted run goes on. Raises
    UserError where data are not there or a relation has too few good clips.
    """
    captions = None if settings.data.captions is None else read_captions(Path(settings.data.captions))
    found = find(settings.data, tuple(relation.slug for relation in settings.relations), captions)
    with Memo(memo, _version(settings)) as known, _workers(len(found), processes or 1) as ask:
        inspections = _inspect_all(found, settings, known, ask)
        choices = _choose_all(settings, inspections, partial(_prove, known=known, ask=ask))
    chosen = [clip for choice in choices for clip in _selected(choice, inspections, settings, captions)]
    INDEX.write(index, _indexed(inspections, choices, settings.clips))
    SELECTION.write(selection, chosen)


def _version(settings: ClipsStage) -> str:
    """What changes with the way in which clips are looked into."""
    return fingerprint(
        code=digest((Inspection.__module__,)),
        clips=settings.clips.model_dump(mode="json"),
        actors={relation.slug: relation.actor for relation in settings.relations},
        frames_per_second=settings.frames_per_second,
    )


@contextmanager
def _workers(clips: int, processes: int) -> Iterator[Ask]:
    if clips < PARALLEL_FROM or processes == 1:
        yield map
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:

        def ask(question: Callable[[Any], str], items: list[Any]) -> Iterator[str]:
            shares = len(items) // (SHARES * processes)
            return pool.map(question, items, chunksize=min(max(shares, 1), CHUNK))

        yield ask


def _inspect_all(
    found: list[tuple[Found, str | None]], settings: ClipsStage, known: Memo, ask: Ask
) -> list[Inspection]:
    """One for each that was found, in their order."""
    result = {one: Inspection(one) for one, _ in found}
    for one, reason in found:
        if reason is not None:
            result[one].refuse(settings.clips.pixel_frames, reason)
    named = [one for one, reason in found if reason is None]
    look = partial(_inspected, settings=settings)
    answers = known.answered(named, lambda one: one.files, lambda _: "inspection", partial(ask, look))
    for one, answer in progress(answers, len(named), "looking into clips"):
        result[one] = INSPECTION.validate_json(answer)
    return [result[one] for one, _ in found]


def _inspected(found: Found, settings: ClipsStage) -> str:
    relation = next(relation for relation in settings.relations if relation.slug == found.relation)
    inspection = inspect(found, relation, settings.clips, settings.frames_per_second)
    return INSPECTION.dump_json(inspection).decode()


def _prove(claims: list[Claim], known: Memo, ask: Ask) -> list[str | None]:
    """Why clips cannot be used, seen when their videos are decoded; None for each that can."""
    answers = known.answered(
        claims, lambda claim: claim.found.files, lambda claim: f"proof of {claim.window}", partial(ask, _proof)
    )
    reasons = {claim: PROOF.validate_json(answer) for claim, answer in answers}
    return [reasons[claim] for claim in claims]


def _proof(claim: Claim) -> str:
    return PROOF.dump_json(reason_not_proven(claim)).decode()


def _choose_all(
    settings: ClipsStage,
    inspections: list[Inspection],
    prove: Callable[[list[Claim]], list[str | None]],
) -> list[Choice]:
    choices, errors = [], []
    for relation in settings.relations:
        of_relation = [inspection for inspection in inspections if inspection.found.relation == relation.slug]
        try:
            choices.append(_proven_choice(relation, of_relation, settings, prove))
        except UserError as error:
            errors.append(str(error))
            continue
        choice = choices[-1]
        held_out = f", {len(choice.held_out)} more held out" if settings.clips.held_out else ""
        note = held_out + (f" ({choice.fallback})" if choice.fallback else "")
        print(f"{relation.slug}: {len(choice.clips)} clips of {choice.pixel_frames} frames{note}", file=sys.stderr)
    if errors:
        raise UserError("too few good clips\n  " + "\n  ".join(errors))
    return choices


def _proven_choice(
    relation: Relation,
    inspections: list[Inspection],
    settings: ClipsStage,
    prove: Callable[[list[Claim]], list[str | None]],
) -> Choice:
    """A choice of which every video decodes to its end; one that does not is refused, and a spare takes its place."""
    proven: set[str] = set()
    while True:
        choice = choose(relation, inspections, settings.clips, settings.seed)
        wanted = {*choice.clips, *choice.held_out}
        chosen = [one for one in inspections if one.found.clip in wanted and one.fits]
        unproven = [one for one in chosen if one.found.clip not in proven]
        if not unproven:
            return choice
        claims = [
            Claim(one.found, one.video_frames or 0, one.fits[choice.pixel_frames].window.frames) for one in unproven
        ]
        for one, reason in zip(unproven, prove(claims), strict=True):
            if reason is None:
                proven.add(one.found.clip)
            else:
                one.refuse(settings.clips.pixel_frames, reason)


def _selected(
    choice: Choice, inspections: list[Inspection], settings: ClipsStage, captions: dict[str, str] | None
) -> Iterator[SelectedClip]:
    (relation,) = (relation for relation in settings.relations if relation.slug == choice.relation)
    clips = dict.fromkeys(choice.clips, TRAIN) | dict.fromkeys(choice.held_out, HELD_OUT)
    for inspection in inspections:
        found = inspection.found
        if found.clip not in clips or choice.pixel_frames not in inspection.fits:
            continue
        assert inspection.video_frames and inspection.frames_per_second and inspection.picture  # as it was looked into
        fit = inspection.fits[choice.pixel_frames]
        yield SelectedClip(
            clip=found.clip,
            relation=choice.relation,
            caption=relation.caption_of_clips if captions is None else captions[found.clip],
            video=str(found.video),
            skeleton=None if found.skeleton is None else str(found.skeleton),
            frames=fit.window.frames,
            start_seconds=fit.start_seconds,
            frames_per_second=settings.frames_per_second,
            source_frames_per_second=inspection.frames_per_second,
            source_frames=inspection.video_frames,
            source_width=inspection.picture[0],
            source_height=inspection.picture[1],
            crop_left=fit.crop.left,
            crop_top=fit.crop.top,
            crop_width=fit.crop.width,
            crop_height=fit.crop.height,
            subject1_track=fit.subject1_track,
            subject_rule=fit.subject_rule,
            window_rule=fit.window.rule,
            split=clips[found.clip],
        )


def _indexed(inspections: list[Inspection], choices: list[Choice], settings: ClipSettings) -> Iterator[IndexedClip]:
    by_relation = {choice.relation: choice for choice in choices}
    for inspection in inspections:
        found, name = inspection.found, inspection.found.name
        verdict, reason = _verdict(inspection, by_relation.get(found.relation or ""), settings)
        yield IndexedClip(
            clip=found.clip,
            relation=found.relation,
            video=None if found.video is None else as_text(str(found.video)),
            skeleton=None if found.skeleton is None else as_text(str(found.skeleton)),
            setup=name and name.setup,
            camera=name and name.camera,
            performer=name and name.performer,
            repeat=name and name.repeat,
            action=name and name.action,
            video_frames=inspection.video_frames,
            frames_per_second=inspection.frames_per_second,
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
    if inspection.found.clip in choice.held_out:
        return HELD_OUT, ""
    return "spare", f"good, but {len(choice.clips)} others were chosen"
