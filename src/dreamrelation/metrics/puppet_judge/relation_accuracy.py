"""Relation accuracy: does the judge see the relation?"""

from pathlib import Path

from dreamrelation.metrics.interface import Confusion, MetricInfo, Score, VideoSample
from dreamrelation.metrics.puppet_judge.judge import Judge
from dreamrelation.metrics.puppet_judge.settings import RelationAccuracySettings
from dreamrelation.settings.machine import MachineSettings


class RelationAccuracy:
    """1 where the relation is the judge's likeliest motion, else 0; its confidence is the relation's probability.

    The judge must choose among all motions that it knows and `none`, so chance is far below one half.
    """

    info = MetricInfo(
        label="Relation accuracy",
        about="videos in which the judge sees the relation",
        unit="%",
        better="higher",
        low=0.0,
        high=1.0,
        is_share=True,
    )

    def __init__(self, settings: RelationAccuracySettings, machine: MachineSettings) -> None:
        self.judge = Judge(Path(settings.judge))

    @property
    def note(self) -> str:
        return self.judge.note

    @property
    def confusions(self) -> tuple[Confusion, ...]:
        return self.judge.motion_confusions

    def score(self, video: VideoSample) -> Score:
        """Raises UserError where the judge does not know the relation."""
        asked = video.relation.slug
        self.judge.check_relation(asked)
        opinion = self.judge.ask(video.frames)
        value = float(opinion.motion == asked)
        return Score(value, f"saw {opinion.in_words}; {self.judge.name}", opinion.motions[asked])
