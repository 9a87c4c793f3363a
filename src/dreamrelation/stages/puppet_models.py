"""The puppet_models stage: the two models that come with the repository, trained from nothing."""

import sys
from pathlib import Path

from dreamrelation.metrics.puppet_judge.network import new_judge, save_judge
from dreamrelation.puppets.models.judge_clips import JUDGED_KINDS, JUDGED_MOTIONS
from dreamrelation.puppets.models.train_judge import JudgeTraining, train_judge
from dreamrelation.puppets.models.train_mochi import train_mochi


def run(*, output: Path, work: Path) -> None:
    """Train the small Mochi into `output/mochi` and the judge into `output/judge`; takes hours on two cores.

    States of unfinished trainings go to `work`, from which a stopped run goes on.
    """
    train_mochi(output / "mochi", work)
    settings = JudgeTraining()
    judge = new_judge(JUDGED_MOTIONS, JUDGED_KINDS, settings.seed)
    report = train_judge(judge, settings, lambda line: print(line, file=sys.stderr, flush=True))
    save_judge(output / "judge", judge, report)
