"""How carefully each rater answered."""

from statistics import median

from dreamrelation.study.folder import Study
from dreamrelation.study.groups import CHECK, MAIN
from dreamrelation.study.sequence import REPEAT
from dreamrelation.study.votes import Vote
from dreamrelation.tables.tally import RaterTally


def rater_tallies(study: Study, votes: list[Vote]) -> list[RaterTally]:
    """One for each rater who has voted; only questions with a single answer are looked at for checks and repeats."""
    raters = sorted({vote.rater for vote in votes})
    return [_summary(study, rater, [vote for vote in votes if vote.rater == rater]) for rater in raters]


def _summary(study: Study, rater: int, votes: list[Vote]) -> RaterTally:
    single = {question.name for question in study.questions if question.single}
    evident = {group.group: group.evident for group in study.groups if group.kind == CHECK}
    checked = [vote for vote in votes if vote.kind == CHECK and vote.question in single]
    passed = sum(vote.chosen == (evident[vote.group],) for vote in checked)
    first = {(vote.group, vote.question): vote.chosen for vote in votes if vote.kind == MAIN}
    again = [vote for vote in votes if vote.kind == REPEAT and vote.question in single]
    enough = not checked or passed / len(checked) >= study.settings.minimum_checks_passed
    return RaterTally(
        rater=rater,
        groups=len({vote.group for vote in votes if vote.kind == MAIN}),
        checks=len(checked),
        checks_passed=passed,
        repeats=len(again),
        repeats_equal=sum(first.get((vote.group, vote.question)) == vote.chosen for vote in again),
        seconds=median({vote.number: vote.seconds for vote in votes}.values()),
        counted=enough,
    )
