"""Relation accuracy: does the judge see the relation?"""

from dreamrelation.evaluation.judge import Judge
from dreamrelation.evaluation.measure import JudgedVideo, Score


class RelationSeen:
    """`relation_accuracy`: 1 where the relation is the judge's likeliest motion, else 0; `relation_probability`.

    The judge must choose among all motions that it knows and `none`, so chance is far below one half.
    """

    metrics = ("relation_accuracy", "relation_probability")

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def take(self, video: JudgedVideo) -> list[Score]:
        """Raises ValueError where the judge does not know the relation."""
        self.judge.check_relation(video.relation)
        opinion = self.judge.opinion(video)
        probability = opinion.motions[video.relation]
        seen = f"saw {opinion.motion} ({opinion.motions[opinion.motion]:.2f}); {self.judge.name}"
        return [
            Score("relation_accuracy", float(opinion.motion == video.relation), seen),
            Score("relation_probability", probability, seen),
        ]
