"""Strengths of the methods by the model of Bradley and Terry (1952).

A vote for one video of a group is a win over each other one; a tie is half a win for both sides of each pair. Strengths
are logarithms, their mean is 0, and exp(a - b) are the odds that a rater prefers the one to the other. Each pair gets
half a win on both sides beforehand, so that a method which always wins has a finite strength.
"""

import warnings

import numpy as np
import statsmodels.api as sm

from dreamrelation.study.tally.ballots import Ballots
from dreamrelation.tables.tally import Estimate

BEFOREHAND = 0.5


def strengths(ballots: Ballots, draws: np.ndarray, confidence: float) -> list[Estimate]:
    """For each method, with percentile intervals over the resampled groups `draws`, (samples, G)."""
    wins = pair_wins(ballots.counts)
    best = fit(wins.sum(axis=0))
    resamples = np.stack([fit(wins[places].sum(axis=0)) for places in draws])
    limits = np.quantile(resamples, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return [Estimate(float(b), float(low), float(high)) for b, low, high in zip(best, *limits, strict=True)]


def pair_wins(counts: np.ndarray) -> np.ndarray:
    """(G, K, K) wins of the row's method over the column's, from counts (G, K + 1) whose last column are ties."""
    chosen, tied = counts[:, :-1], counts[:, -1]
    methods = chosen.shape[1]
    wins = chosen[:, :, None] + 0.5 * tied[:, None, None] * np.ones((methods, methods))
    wins[:, range(methods), range(methods)] = 0
    return wins


def fit(wins: np.ndarray) -> np.ndarray:
    """(K,) strengths that make (K, K) wins most likely, by statsmodels' binomial regression."""
    methods = len(wins)
    pairs = [(a, b) for a in range(methods) for b in range(a + 1, methods)]
    outcomes = np.array([(wins[a, b], wins[b, a]) for a, b in pairs]) + BEFOREHAND
    design = np.zeros((len(pairs), methods))
    for row, (a, b) in enumerate(pairs):
        design[row, a], design[row, b] = 1, -1
    # One strength is free, as only differences count: the last one is held at 0, then all are moved to the mean 0.
    with warnings.catch_warnings():
        # Two methods are fitted exactly, which statsmodels takes for a sign that there is no best fit; there is one.
        warnings.simplefilter("ignore")
        found = sm.GLM(outcomes, design[:, :-1], family=sm.families.Binomial()).fit()
    values = np.append(found.params, 0.0)
    return values - values.mean()
