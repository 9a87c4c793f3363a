"""Whether raters prefer a place on the page, whatever stands there."""

import numpy as np
from scipy import stats

from dreamrelation.study.groups import MAIN
from dreamrelation.study.votes import Vote
from dreamrelation.tables.tally import Positions


def positions(votes: list[Vote], question: str, methods: int) -> Positions:
    """Count the chosen letters."""
    counts = np.zeros(methods, dtype=np.int64)
    for vote in votes:
        if vote.question == question and vote.kind == MAIN and vote.chosen:
            counts[vote.places.index(vote.chosen[0])] += 1
    p_value = float(stats.chisquare(counts).pvalue) if counts.any() else None
    return Positions(tuple(map(int, counts)), p_value)
