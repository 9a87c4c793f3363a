"""Confidence intervals of means over videos, by scipy."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

RESAMPLES_AT_ONCE = 10_000
"""Keeps many resamples of many videos within the memory; the limits do not depend on it."""


@dataclass(frozen=True)
class Interval:
    """A mean and the limits within which it is believed to lie."""

    mean: float
    low: float
    high: float
    kind: Literal["wilson", "bootstrap"]


def wilson(successes: int, trials: int, confidence: float) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927): honest at 0, at 1 and for few trials.

    Raises ValueError unless 0 ≤ successes ≤ trials, trials ≥ 1 and 0 < confidence < 1.
    """
    _check_confidence(confidence)
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"found {successes} successes in {trials} trials, expected 0 ≤ successes ≤ trials, trials ≥ 1")
    limits = stats.binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    return Interval(successes / trials, float(limits.low), float(limits.high), "wilson")


def bootstrap(values: np.ndarray, confidence: float, samples: int, seed: int, metric: str) -> Interval:
    """Percentile bootstrap (Efron 1979) of the mean of (N,) values, drawn from (seed, "evaluation", metric).

    Videos are resampled one by one; those of one prompt are more alike than that, so read it as a lower bound.
    Equal values, and a single one, have that value for limits. Raises ValueError where there is no value.
    """
    _check_confidence(confidence)
    if values.ndim != 1 or not len(values):
        raise ValueError(f"{metric}: found values {values.shape}, expected (N,) with N at least 1")
    if (values == values[0]).all():  # scipy wants two observations, and a mean of equal numbers may differ in a bit
        return Interval(float(values[0]), float(values[0]), float(values[0]), "bootstrap")
    limits = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=samples,
        batch=RESAMPLES_AT_ONCE,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng([seed, *f"evaluation {metric}".encode()]),
    ).confidence_interval
    return Interval(float(values.mean()), float(limits.low), float(limits.high), "bootstrap")


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"found the confidence {confidence}, expected more than 0 and less than 1")
