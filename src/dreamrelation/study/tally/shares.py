"""Which share of the votes, and of the groups, each method won."""

import numpy as np

from dreamrelation.study.tally.ballots import Ballots
from dreamrelation.tables.tally import Estimate


def vote_shares(ballots: Ballots) -> np.ndarray:
    """(G, K) share of each group's votes; ties are split evenly."""
    chosen, tied = ballots.counts[:, :-1], ballots.counts[:, -1:]
    return (chosen + tied / chosen.shape[1]) / ballots.raters[:, None]


def majorities(ballots: Ballots) -> np.ndarray:
    """(G, K) 1 where the method alone had the most votes of all answers, a tie being one of them."""
    most = ballots.counts.max(axis=1, keepdims=True)
    alone = (ballots.counts == most).sum(axis=1, keepdims=True) == 1
    return ((ballots.counts == most) & alone)[:, :-1].astype(np.float64)


def estimate(values: np.ndarray, draws: np.ndarray, confidence: float) -> Estimate:
    """The mean of (G,) values with its percentile interval over the draws (Efron 1979)."""
    low, high = np.quantile(values[draws].mean(axis=1), [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(float(values.mean()), float(low), float(high))
