"""`dreamrelation study build`: the groups of a blind user study, of the videos that the generate stage made."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dreamrelation.config import load
from dreamrelation.data.reading import read_frames
from dreamrelation.errors import UserError
from dreamrelation.files import appearing, check_own_folder, file_sha256
from dreamrelation.listings import check_listed, listing_of, write_listing
from dreamrelation.progress import Progress
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.study.database import create
from dreamrelation.study.folder import (
    GROUPS_FILE,
    OWN_FILES,
    VIDEOS_FOLDER,
    VOTES_FILE,
    write_groups,
)
from dreamrelation.study.groups import CHECK, MAIN, Case, Group, choose
from dreamrelation.study.invitations import add_invitations
from dreamrelation.study.neutral_videos import spoilt, write_group
from dreamrelation.study.votes import consented_raters
from dreamrelation.tables.rows import SELECTION, TRAIN, VIDEOS, GeneratedVideo, SelectedClip
from dreamrelation.video import decode


@dataclass(frozen=True)
class Source:
    """A generated video and where it is."""

    row: GeneratedVideo
    path: Path


Sources = dict[Case, dict[str, Source]]
"""Case → method → its video."""


@dataclass(frozen=True)
class Draft:
    """A group that is not yet written."""

    group: Group
    sources: list[Source]
    reference: SelectedClip


def run(*, config: list[Path], results: Path, study: Path | None) -> Path:
    """Write the folder of a study, by default `results/{experiment}/study`, with invitations; gives the folder.

    Raises UserError where videos are missing or do not fit together, or people have taken part in the study there.
    """
    experiment = load(config)
    home = results / experiment.experiment
    folder = home / "study" if study is None else study
    check_unused(folder)
    methods = compared_methods(experiment)
    sources = read_sources(experiment, home, methods)
    chosen = choose(list(sources), experiment.study.groups, experiment.seed)
    clips = references(experiment, home)
    drafts = drafts_of(experiment, chosen, sources, clips, methods)
    with appearing(folder) as beside:
        (beside / VIDEOS_FOLDER).mkdir(parents=True)
        write_videos(experiment, drafts, beside)
        write_groups(beside, [draft.group for draft in drafts], experiment, methods)
        write_listing(listing_of(beside / GROUPS_FILE), [beside / GROUPS_FILE, beside / VIDEOS_FOLDER])
        create(beside / VOTES_FILE, file_sha256(beside / GROUPS_FILE)[:16])
        add_invitations(beside, experiment.study.raters)
    print(
        f"{folder}: {len(chosen)} groups of {len(methods)} videos, {len(drafts) - len(chosen)} checks,"
        f" {experiment.study.raters} invitations in invitations.csv\n"
        f"Show them with: dreamrelation study serve {folder}"
    )
    return folder


def check_unused(folder: Path) -> None:
    """Raise UserError where the folder holds something of others, or a study that people have taken part in."""
    check_own_folder(folder, OWN_FILES)
    if (folder / VOTES_FILE).is_file() and (found := consented_raters(folder / VOTES_FILE)):
        raise UserError(
            f"{folder}: {found} raters have taken part in the study that is here, and building it anew would lose what"
            " they said; move the folder away, or name another one with --study"
        )


def compared_methods(experiment: ExperimentSettings) -> tuple[str, ...]:
    """Raises UserError for a method that the experiment does not have, or where there is nothing to compare."""
    methods = experiment.study.methods or tuple(experiment.methods)
    if not 2 <= len(methods) <= 8:
        raise UserError(f"study.methods: found {len(methods)} methods, expected 2 to 8 of which people can choose one")
    return methods


def read_sources(experiment: ExperimentSettings, home: Path, methods: tuple[str, ...]) -> Sources:
    """Every prompt and repeat with each method's video. Raises UserError where one has others than the rest."""
    sources: Sources = {}
    for relation in experiment.relations:
        cases: list[set[Case]] = []
        for method in methods:
            manifest = home / relation / method / "videos.parquet"
            check_listed(manifest)
            rows = VIDEOS.read(manifest)
            found = {Case(relation, row.prompt, row.repeat): row for row in rows}
            for case, row in found.items():
                sources.setdefault(case, {})[method] = Source(row, manifest.parent / row.file)
            cases.append(set(found))
            if cases[-1] != cases[0]:
                odd = min(f"{case.prompt} ({case.repeat})" for case in cases[-1] ^ cases[0])
                raise UserError(f"{manifest}: found other prompts or repeats than {methods[0]} has, such as {odd}")
    return sources


def references(experiment: ExperimentSettings, home: Path) -> dict[str, list[SelectedClip]]:
    """Relation → the clips that it was learnt from."""
    check_listed(home / "clips" / "selection.parquet")
    clips = SELECTION.read(home / "clips" / "selection.parquet")
    found = {name: [c for c in clips if c.relation == name and c.split == TRAIN] for name in experiment.relations}
    for name, of_relation in found.items():
        if not of_relation:
            raise UserError(f"{home / 'clips' / 'selection.parquet'}: found no clip of {name} for a reference")
    return found


def drafts_of(
    experiment: ExperimentSettings,
    chosen: list[Case],
    sources: Sources,
    clips: dict[str, list[SelectedClip]],
    methods: tuple[str, ...],
) -> list[Draft]:
    """The groups in a mixed order, so that numbers tell nothing, and the checks after them."""
    rng = np.random.default_rng([experiment.seed, *b"study drafts"])
    mixed = [chosen[place] for place in rng.permutation(len(chosen))]
    checks = [mixed[place % len(mixed)] for place in rng.permutation(len(mixed))[: experiment.study.checks]]
    checks += [mixed[int(rng.integers(len(mixed)))] for _ in range(experiment.study.checks - len(checks))]
    drafts = []
    for number, case in enumerate([*mixed, *checks], 1):
        is_check = number > len(mixed)
        found = [sources[case][method] for method in methods]
        of_relation, relation = clips[case.relation], experiment.relation(case.relation)
        group = Group(
            group=number,
            kind=CHECK if is_check else MAIN,
            relation=case.relation,
            shown=" … ".join(relation.words),
            prompt=case.prompt,
            repeat=case.repeat,
            reference=f"{VIDEOS_FOLDER}/{number:04d}_reference.mp4",
            videos=tuple(f"{VIDEOS_FOLDER}/{number:04d}_{place + 1}.mp4" for place in range(len(methods))),
            made_from=tuple(source.row.video for source in found),
            evident=int(rng.integers(len(methods))) if is_check else None,
        )
        drafts.append(Draft(group, found, of_relation[int(rng.integers(len(of_relation)))]))
    return drafts


def write_videos(experiment: ExperimentSettings, drafts: list[Draft], folder: Path) -> None:
    """Encode the videos and the reference of each group, several groups at a time."""
    height, width = experiment.clips.height, experiment.clips.width

    def write(draft: Draft) -> None:
        group, videos = draft.group, [_frames(source) for source in draft.sources]
        if group.evident is not None:
            rng = np.random.default_rng([experiment.seed, group.group, *b"study check"])
            videos = [video if at == group.evident else spoilt(video, rng) for at, video in enumerate(videos)]
        write_group([folder / name for name in group.videos], videos, draft.sources[0].row.frames_per_second)
        clip = read_frames(draft.reference, height, width)
        write_group([folder / group.reference], [clip], round(draft.reference.frames_per_second))

    with Progress("groups of the study", len(drafts)) as counter, ThreadPoolExecutor(os.cpu_count()) as threads:
        for _ in threads.map(write, drafts):
            counter.advance()


def _frames(source: Source) -> np.ndarray:
    if (found := file_sha256(source.path)) != source.row.sha256:
        raise UserError(
            f"{source.path}: found a file with the SHA-256 {found[:12]}…, expected {source.row.sha256[:12]}…"
        )
    return np.stack(list(decode(source.path)))
