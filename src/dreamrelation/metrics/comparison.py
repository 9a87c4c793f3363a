"""Methods compared on the same prompts and seeds: means with intervals, and differences between any two of them.

Videos of one prompt are more alike than those of two, and all methods draw the same prompts from the same noise. So the
bootstrap resamples prompts, with all their videos, within each relation, and the same prompts for all methods: what is
hard for every method falls out of a difference.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

RESAMPLES_AT_ONCE = 500
"""Keeps many resamples of many prompts within the memory; the limits do not depend on it."""


@dataclass(frozen=True)
class Estimate:
    """A mean over relations, each counting the same, and its percentile interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Of one metric."""

    methods: dict[str, Estimate]
    differences: dict[tuple[str, str], Estimate]
    """(method, other) → method less other, for any two."""


@dataclass(frozen=True)
class Sums:
    """The values of one relation, by prompt P and method M."""

    total: np.ndarray
    """(P, M) sums over a prompt's videos."""
    count: np.ndarray
    """(P, M) videos with a value."""


def sums_of(values: Mapping[str, Mapping[str, list[float]]]) -> Sums:
    """From method → prompt → the values of its videos.

    Raises ValueError where methods have other prompts, or one has no value at all.
    """
    prompts = list(next(iter(values.values())))
    for method, of_it in values.items():
        if set(of_it) != set(prompts):
            odd = sorted(set(of_it) ^ set(prompts))
            raise ValueError(f"{method} has other prompts than {next(iter(values))}, such as {odd[0]!r}")
        if not any(of_it.values()):
            raise ValueError(f"{method} has no value")
    total = np.array([[sum(values[method][prompt]) for method in values] for prompt in prompts], np.float64)
    count = np.array([[len(values[method][prompt]) for method in values] for prompt in prompts], np.float64)
    return Sums(total, count)


def compare(methods: list[str], relations: list[Sums], confidence: float, samples: int, seed: list[int]) -> Comparison:
    """Means of the methods, which are the columns of each relation's sums, and all differences of two.

    A resample in which a method has no value, as where most of its videos have none, counts for no interval of it.
    Raises ValueError unless 0 < confidence < 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"found the confidence {confidence}, expected more than 0 and less than 1")
    means = np.mean([sums.total.sum(axis=0) / sums.count.sum(axis=0) for sums in relations], axis=0)
    resampled = _resampled(relations, samples, np.random.default_rng(seed))
    of_methods = {name: _estimate(means[m], resampled[:, m], confidence) for m, name in enumerate(methods)}
    differences = {
        (name, other): _estimate(means[m] - means[o], resampled[:, m] - resampled[:, o], confidence)
        for m, name in enumerate(methods)
        for o, other in enumerate(methods)
        if m != o
    }
    return Comparison(of_methods, differences)


def _resampled(relations: list[Sums], samples: int, rng: np.random.Generator) -> np.ndarray:
    """(samples, M) means over relations, of prompts drawn with replacement within each."""
    parts = []
    for start in range(0, samples, RESAMPLES_AT_ONCE):
        size = min(RESAMPLES_AT_ONCE, samples - start)
        of_relations = []
        for sums in relations:
            drawn = rng.integers(len(sums.total), size=(size, len(sums.total)))
            with np.errstate(invalid="ignore"):
                of_relations.append(sums.total[drawn].sum(axis=1) / sums.count[drawn].sum(axis=1))
        parts.append(np.mean(of_relations, axis=0))
    return np.concatenate(parts)


def _estimate(mean: float, resampled: np.ndarray, confidence: float) -> Estimate:
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(resampled, [tail, 1 - tail])
    return Estimate(float(mean), float(low), float(high))
