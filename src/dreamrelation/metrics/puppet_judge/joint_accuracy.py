"""Joint accuracy: does the video show what its prompt says, the relation and both subjects, each in its place?

The other two accuracies each forgive half of it: the right relation between the wrong figures is what a method gives
that copies its exemplars, and the right figures that do something else is what the base model gives.
"""

from pathlib import Path

from dreamrelation.metrics.interface import MetricInfo, Score, VideoSample
from dreamrelation.metrics.puppet_judge.judge import Judge, Opinion
from dreamrelation.metrics.puppet_judge.settings import JointAccuracySettings
from dreamrelation.relations import RELATIONS
from dreamrelation.settings.machine import MachineSettings

Sides = tuple[str, str]
"""Kinds of the figures on the left and on the right."""


def right_sides(subjects: tuple[str, str], order_matters: bool, actor: str | None) -> set[Sides]:
    """Who may stand on the left and on the right. The actor, first of the subjects, must be the one who is seen to act.

    Where the order does not matter, or nobody can tell who acts (`actor` is None), both ways are right.
    """
    first, second = subjects
    ways = {"left": (first, second), "right": (second, first)}
    return set(ways.values()) if actor is None or not order_matters else {ways[actor]}


class JointAccuracy:
    """1 where the relation is the judge's likeliest motion and both subjects stand where they should, else 0.

    The confidence is the judge's probability of that, its three answers (motion, left, right) taken as independent.
    """

    info = MetricInfo(
        label="Joint accuracy",
        about="videos in which the judge sees the relation and both of the prompt's subjects",
        unit="%",
        better="higher",
        low=0.0,
        high=1.0,
        is_share=True,
    )

    def __init__(self, settings: JointAccuracySettings, machine: MachineSettings) -> None:
        self.judge = Judge(Path(settings.judge))

    @property
    def note(self) -> str:
        return f"{self.judge.note} Where it cannot tell who acts, either subject may: the videos' details say so."

    def score(self, video: VideoSample) -> Score:
        """No value where the prompt names somebody whom the judge has never seen.

        Raises UserError where the judge does not know the relation.
        """
        self.judge.check_relation(video.relation)
        strangers = self.judge.strangers(video.subjects)
        if strangers:
            return Score(None, strangers)
        opinion = self.judge.ask(video.frames)
        order_matters = RELATIONS[video.relation].actor is not None and len(set(video.subjects)) == 2
        ways = right_sides(video.subjects, order_matters, opinion.actor)
        value = float(opinion.motion == video.relation and (opinion.left, opinion.right) in ways)
        pair = sum(opinion.left_kinds[left] * opinion.right_kinds[right] for left, right in ways)
        seen = f"saw {opinion.in_words}, {opinion.left} and {opinion.right}{_order(opinion, order_matters)}"
        return Score(value, f"{seen}; {self.judge.name}", min(opinion.motions[video.relation] * pair, 1.0))


def _order(opinion: Opinion, order_matters: bool) -> str:
    if not order_matters:
        return ""
    return " (order not checked)" if opinion.actor is None else f", the one on the {opinion.actor} acts"
