"""How far raters agree beyond chance."""

import krippendorff
import numpy as np
from statsmodels.stats.inter_rater import fleiss_kappa

from dreamrelation.study.groups import MAIN
from dreamrelation.study.tally.ballots import Ballots
from dreamrelation.study.votes import Vote
from dreamrelation.tables.tally import Agreement


def agreement(votes: list[Vote], ballots: Ballots, question: str) -> Agreement:
    """A tie is an answer as any other."""
    kappa, groups, why_not = _fleiss(ballots)
    alpha, why_no_alpha = _krippendorff(votes, ballots, question)
    return Agreement(kappa, groups, why_not, alpha, why_no_alpha)


def _fleiss(ballots: Ballots) -> tuple[float | None, int, str]:
    numbers, groups = np.unique(ballots.raters, return_counts=True)
    usual = int(numbers[groups.argmax()])
    table = ballots.counts[ballots.raters == usual]
    if usual < 2:
        return None, len(table), "most groups have a single rater"
    if (table.sum(axis=0) > 0).sum() < 2:
        return None, len(table), "all gave the same answer everywhere, so chance cannot be told"
    return float(fleiss_kappa(table, method="fleiss")), len(table), ""


def _krippendorff(votes: list[Vote], ballots: Ballots, question: str) -> tuple[float | None, str]:
    asked = [vote for vote in votes if vote.question == question and vote.kind == MAIN]
    if (ballots.counts.sum(axis=0) > 0).sum() < 2:
        return None, "all gave the same answer everywhere, so chance cannot be told"
    if (ballots.raters < 2).all():
        return None, "no group has two raters"
    rows = {rater: row for row, rater in enumerate(sorted({vote.rater for vote in asked}))}
    columns = {group: column for column, group in enumerate(ballots.groups)}
    answers = np.full((len(rows), len(columns)), np.nan)
    for vote in asked:
        answers[rows[vote.rater], columns[vote.group]] = vote.chosen[0] if vote.chosen else -1
    return float(krippendorff.alpha(reliability_data=answers, level_of_measurement="nominal")), ""
