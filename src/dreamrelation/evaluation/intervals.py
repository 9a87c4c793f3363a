"""Confidence intervals of means over videos."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np


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
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * (share * (1 - share) / trials + z * z / (4 * trials * trials)) ** 0.5
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == trials else centre + half
    return Interval(share, low, high, "wilson")


def bootstrap(values: np.ndarray, confidence: float, samples: int, seed: int, metric: str) -> Interval:
    """Percentile bootstrap (Efron 1979) of the mean of (N,) values, drawn from (seed, "evaluation", metric).

    Videos are resampled one by one; those of one prompt are more alike than that, so read it as a lower bound.
    Raises ValueError where there is no value.
    """
    _check_confidence(confidence)
    if values.ndim != 1 or not len(values):
        raise ValueError(f"{metric}: found values {values.shape}, expected (N,) with N at least 1")
    rng = np.random.default_rng([seed, *f"evaluation {metric}".encode()])
    # Deviations from the first value: the mean of equal numbers is then that number, to the last bit.
    deviations = values - values[0]
    means = values[0] + deviations[rng.integers(len(values), size=(samples, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(values[0] + deviations.mean()), float(low), float(high), "bootstrap")


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"found the confidence {confidence}, expected more than 0 and less than 1")
