"""Joint accuracy: does the video show what its prompt says, the relation and both subjects, each in its place?

The other two accuracies each forgive half of it: the right relation between the wrong figures is what a method gives
that copies its exemplars, and the right figures that do something else is what the base model gives.
"""

from pathlib import Path

from dreamrelation.metrics.interface import MetricInfo, Score, VideoSample
from dreamrelation.metrics.puppet_judge.judge import Judge, Opinion
from dreamrelation.metrics.puppet_judge.settings import JointAccuracySettings
from dreamrelation.settings.machine import MachineSettings

Sides = tuple[str, str]
"""Kinds of the figures on the left and on the right."""


def ways_of_standing(subjects: tuple[str, str]) -> dict[str, Sides]:
    """For either side on which the actor, the first of the subjects, may be: who then stands where."""
    first, second = subjects
    return {"left": (first, second), "right": (second, first)}


class JointAccuracy:
    """1 where the relation is the judge's likeliest motion and both subjects stand where they should, else 0.

    Where the relation has an actor and the subjects are of two kinds, the first of them must stand on the side whose
    figure is seen to act. Else, or where the judge cannot tell who acts, they may stand either way.
    The confidence is the judge's probability of that, its answers (motion, left, right, actor) taken as independent.
    """

    info = MetricInfo(
        label="Joint accuracy",
        about="videos in which the judge sees the relation and both of the prompt's subjects, in their roles",
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
        if self.judge.tells_who_acts:
            return f"{self.judge.note} Where the relation has an actor, the prompt's first subject must be it."
        return f"{self.judge.note} It cannot tell who acts, so either subject may."

    def score(self, video: VideoSample) -> Score:
        """No value where the prompt names somebody whom the judge has never seen.

        Raises UserError where the judge does not know the relation.
        """
        self.judge.check_relation(video.relation.slug)
        strangers = self.judge.strangers(video.subjects)
        if strangers:
            return Score(None, strangers)
        opinion = self.judge.ask(video.frames)
        order_matters = video.relation.actor is not None and len(set(video.subjects)) == 2
        in_place, likely = _places(opinion, video.subjects, order_matters)
        value = float(opinion.motion == video.relation.slug and in_place)
        seen = f"saw {opinion.in_words}, {opinion.left} and {opinion.right}{_order(opinion, order_matters)}"
        return Score(value, f"{seen}; {self.judge.name}", min(opinion.motions[video.relation.slug] * likely, 1.0))


def _places(opinion: Opinion, subjects: tuple[str, str], order_matters: bool) -> tuple[bool, float]:
    """Do both subjects stand where they should, and how likely does the judge find it?"""
    ways = ways_of_standing(subjects)
    seen = (opinion.left, opinion.right)
    likely = {way: opinion.left_kinds[way[0]] * opinion.right_kinds[way[1]] for way in ways.values()}
    if opinion.actor is None or not order_matters:
        return seen in likely, sum(likely.values())
    return seen == ways[opinion.actor], sum(opinion.actors[side] * likely[way] for side, way in ways.items())


def _order(opinion: Opinion, order_matters: bool) -> str:
    if not order_matters:
        return ""
    if opinion.actor is None:
        return " (order not checked)"
    return f", the one on the {opinion.actor} acts ({opinion.actors[opinion.actor]:.2f})"
