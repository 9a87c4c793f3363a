"""The folder of a study: what was built, and beside it what people said."""

import json
from dataclasses import dataclass
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.files import file_sha256
from dreamrelation.listings import find_changed, listing_of
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.metrics import IntervalSettings
from dreamrelation.settings.study import StudySettings
from dreamrelation.study.groups import CHECK, GROUPS, MAIN, Group
from dreamrelation.study.questions import Question, asked_questions
from dreamrelation.study.sequence import Sequence

GROUPS_FILE, VIDEOS_FOLDER = "groups.parquet", "videos"
VOTES_FILE, INVITATIONS_FILE = "votes.sqlite", "invitations.csv"
OWN_FILES = ("groups.*", VIDEOS_FOLDER, f"{VOTES_FILE}*", INVITATIONS_FILE, "tally.*")
"""Names of all that is ever written into the folder."""


@dataclass(frozen=True)
class Study:
    """A study as it was built."""

    folder: Path
    fingerprint: str
    """Of the groups; votes are of these and no others."""
    settings: StudySettings
    intervals: IntervalSettings
    """Of the tally."""
    experiment: str
    seed: int
    methods: tuple[str, ...]
    """Whose videos the groups hold, in this order."""
    groups: list[Group]
    width: int
    height: int
    """Of the videos, in pixels."""

    @property
    def votes(self) -> Path:
        return self.folder / VOTES_FILE

    @property
    def questions(self) -> tuple[Question, ...]:
        return asked_questions(self.settings.which_show)

    @property
    def main_groups(self) -> list[Group]:
        return [group for group in self.groups if group.kind == MAIN]

    def group(self, number: int) -> Group:
        """By its number."""
        return next(group for group in self.groups if group.group == number)

    def sequence(self, rater: int) -> Sequence:
        """What this rater is shown."""
        groups = len(self.main_groups)
        main = min(groups, self.settings.groups_per_rater or groups)
        checks = self.settings.checks if any(group.kind == CHECK for group in self.groups) else 0
        return Sequence(self.seed, rater, groups, main, checks, round(self.settings.repeats * main))


def write_groups(
    folder: Path,
    groups: list[Group],
    experiment: ExperimentSettings,
    methods: tuple[str, ...],
) -> None:
    """Write the table of groups, with what the server and the tally must know of the experiment."""
    facts = {
        "settings": experiment.study.model_dump(mode="json"),
        "intervals": experiment.intervals.model_dump(mode="json"),
        "experiment": experiment.experiment,
        "seed": experiment.seed,
        "methods": methods,
        "size": (experiment.clips.width, experiment.clips.height),
    }
    GROUPS.write(folder / GROUPS_FILE, groups, {"study": json.dumps(facts)})


def open_study(folder: Path) -> Study:
    """Raises UserError where there is no study, or one of another version."""
    path = folder / GROUPS_FILE
    if not path.is_file():
        raise UserError(f"{path}: no such file; `dreamrelation study build` makes it")
    if problem := find_changed(listing_of(path)):
        raise UserError(f"{problem}; what people are shown must stay as it was built: bring it back from a copy")
    groups, metadata = GROUPS.read_with_metadata(path)
    facts = json.loads(metadata["study"])
    study = Study(
        folder=folder,
        fingerprint=file_sha256(path)[:16],
        settings=StudySettings.model_validate(facts["settings"]),
        intervals=IntervalSettings.model_validate(facts["intervals"]),
        experiment=facts["experiment"],
        seed=facts["seed"],
        methods=tuple(facts["methods"]),
        groups=groups,
        width=facts["size"][0],
        height=facts["size"][1],
    )
    missing = [name for group in groups for name in (group.reference, *group.videos) if not (folder / name).is_file()]
    if missing:
        raise UserError(f"{folder / missing[0]}: no such file, though {path} names it; build the study again")
    return study
