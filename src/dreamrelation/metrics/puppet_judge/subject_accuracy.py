"""Subject accuracy: are the prompt's two subjects there?

All exemplars show persons, so a method through which appearance leaks draws persons, and this falls.
"""

from collections import Counter
from pathlib import Path

from dreamrelation.metrics.interface import Confusion, MetricInfo, Score, VideoSample
from dreamrelation.metrics.puppet_judge.judge import Judge
from dreamrelation.metrics.puppet_judge.settings import SubjectAccuracySettings
from dreamrelation.settings.machine import MachineSettings


def found_share(wanted: tuple[str, str], found: tuple[str, str]) -> float:
    """Share of the two wanted kinds that are found: 0, 0.5 or 1. Two of a kind must be found twice; sides are free."""
    return sum((Counter(wanted) & Counter(found)).values()) / 2


class SubjectAccuracy:
    """0, 0.5 or 1. It does not say who does what to whom."""

    info = MetricInfo(
        label="Subject accuracy",
        about="the prompt's subjects that the judge finds",
        unit="%",
        better="higher",
        low=0.0,
        high=1.0,
    )

    def __init__(self, settings: SubjectAccuracySettings, machine: MachineSettings) -> None:
        self.judge = Judge(Path(settings.judge))

    @property
    def note(self) -> str:
        return self.judge.note

    @property
    def confusions(self) -> tuple[Confusion, ...]:
        return self.judge.kind_confusions

    def score(self, video: VideoSample) -> Score:
        """No value where the prompt names somebody whom the judge has never seen."""
        strangers = self.judge.strangers(video.subjects)
        if strangers:
            return Score(None, strangers)
        opinion = self.judge.ask(video.frames)
        share = found_share(video.subjects, (opinion.left, opinion.right))
        return Score(share, f"saw {opinion.left} and {opinion.right}; {self.judge.name}")
