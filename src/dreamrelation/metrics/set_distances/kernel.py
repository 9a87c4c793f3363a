"""The squared maximum mean discrepancy by a cubic kernel: unbiased, so it says something of few videos, too."""

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class KernelDistance:
    """Unbiased, so it may fall below 0 where sets are alike."""

    value: float
    low: float | None
    high: float | None
    """Limits by the jackknife; None where a set has two videos."""


def cubic(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(x·y/D + 1)³ of features (N, D) and (M, D) → (N, M)."""
    return (first @ second.T / first.shape[1] + 1) ** 3


def kernel_distance(first: np.ndarray, second: np.ndarray, confidence: float) -> KernelDistance:
    """MMD² (Gretton et al. 2012, the unbiased estimate) of features (N, D) and (M, D).

    The limits come from leaving out one video at a time, of each set by itself. Raises ValueError for fewer than two
    videos.
    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1] or min(len(first), len(second)) < 2:
        raise ValueError(f"found features {first.shape} and {second.shape}, expected (N, D) and (M, D), N and M ≥ 2")
    own, other, across = cubic(first, first), cubic(second, second), cubic(first, second)
    value = _within(own) + _within(other) - 2 * float(across.mean())
    if min(len(first), len(second)) < 3:
        return KernelDistance(value, None, None)
    without_first = _leaving_out(own) + _within(other) - 2 * _means_leaving_out(across)
    without_second = _within(own) + _leaving_out(other) - 2 * _means_leaving_out(across.T)
    error = np.sqrt(_jackknife(without_first) + _jackknife(without_second))
    reach = float(stats.norm.ppf((1 + confidence) / 2) * error)
    return KernelDistance(value, value - reach, value + reach)


def _within(kernel: np.ndarray) -> float:
    """Mean over pairs of two different videos."""
    count = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))


def _leaving_out(kernel: np.ndarray) -> np.ndarray:
    """`_within` without each video in turn."""
    count, pairs = len(kernel), kernel - np.diag(np.diag(kernel))
    return (pairs.sum() - 2 * pairs.sum(axis=1)) / ((count - 1) * (count - 2))


def _means_leaving_out(across: np.ndarray) -> np.ndarray:
    """Mean of (N, M) without each row in turn."""
    count, columns = across.shape
    return (across.sum() - across.sum(axis=1)) / ((count - 1) * columns)


def _jackknife(values: np.ndarray) -> float:
    """Variance of what `values` are of, each without one video."""
    count = len(values)
    return float((count - 1) / count * ((values - values.mean()) ** 2).sum())
