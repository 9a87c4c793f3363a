"""A study of tiny videos, as `dreamrelation study build` leaves it, without an experiment before it."""

from pathlib import Path
from typing import Any

import numpy as np
from tests.report.results_tree import make_settings

from dreamrelation.files import file_sha256
from dreamrelation.settings.study import StudySettings
from dreamrelation.study.database import create
from dreamrelation.study.folder import GROUPS_FILE, VIDEOS_FOLDER, VOTES_FILE, Study, open_study, write_groups
from dreamrelation.study.groups import CHECK, MAIN, Group
from dreamrelation.study.invitations import add_invitations
from dreamrelation.study.neutral_videos import write_group

METHODS = ("base", "direct_lora", "dreamrelation")
SECRET_WORDS = (*METHODS, "Base model", "Direct LoRA", "DreamRelation", "relation_lora")
"""What must never reach a rater's browser."""


def write_study(folder: Path, groups: int, frames: int = 3, size: int = 32, **settings: Any) -> Study:
    """So many groups of two relations and their checks, with invitations for all raters; `settings` are the study's."""
    wanted = StudySettings(**settings)
    experiment = make_settings(methods=METHODS).model_copy(update={"study": wanted, "experiment": "tiny"})
    (folder / VIDEOS_FOLDER).mkdir(parents=True)
    rng = np.random.default_rng(5)
    written = [
        _group(folder, number + 1, number >= groups, rng, frames, size) for number in range(groups + wanted.checks)
    ]
    write_groups(folder, written, experiment, METHODS)
    create(folder / VOTES_FILE, file_sha256(folder / GROUPS_FILE)[:16])
    add_invitations(folder, wanted.raters)
    return open_study(folder)


def _group(folder: Path, number: int, is_check: bool, rng: np.random.Generator, frames: int, size: int) -> Group:
    videos = [f"{VIDEOS_FOLDER}/{number:04d}_{place}.mp4" for place in range(len(METHODS))]
    reference = f"{VIDEOS_FOLDER}/{number:04d}_reference.mp4"
    pictures = [rng.integers(0, 256, (frames, size, size, 3), dtype=np.uint8) for _ in videos]
    write_group([folder / name for name in videos], pictures, 10)
    write_group([folder / reference], pictures[:1], 10)
    return Group(
        group=number,
        kind=CHECK if is_check else MAIN,
        relation=("hugging", "kicking")[number % 2],
        shown=("hugging", "kicking")[number % 2],
        prompt=f"A dog is meeting cat number {number}.",
        repeat=0,
        reference=reference,
        videos=tuple(videos),
        made_from=tuple(f"video_{number}" for _ in videos),
        evident=number % len(METHODS) if is_check else None,
    )
