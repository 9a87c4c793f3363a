"""Subject accuracy: are the prompt's two subjects there?

All exemplars show persons, so a method through which appearance leaks draws persons, and this falls.
"""

from collections import Counter

from dreamrelation.evaluation.judge import Judge
from dreamrelation.evaluation.measure import JudgedVideo, Score


def found_share(wanted: tuple[str, str], found: tuple[str, str]) -> float:
    """Share of the two wanted kinds that are found: 0, 0.5 or 1. Two of a kind must be found twice; sides are free."""
    return sum((Counter(wanted) & Counter(found)).values()) / 2


class SubjectsSeen:
    """`subject_accuracy`, 0, 0.5 or 1. It does not say who does what to whom."""

    metrics = ("subject_accuracy",)

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def take(self, video: JudgedVideo) -> list[Score]:
        """No value where the prompt names somebody whom the judge has never seen."""
        strangers = [subject for subject in video.subjects if subject not in self.judge.kinds]
        if strangers:
            detail = f"{self.judge.name} does not know {', '.join(strangers)}; it knows {', '.join(self.judge.kinds)}"
            return [Score("subject_accuracy", None, detail)]
        opinion = self.judge.opinion(video)
        share = found_share(video.subjects, (opinion.left, opinion.right))
        return [Score("subject_accuracy", share, f"saw {opinion.left} and {opinion.right}; {self.judge.name}")]
