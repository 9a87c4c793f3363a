"""A metric over all videos of a method in one relation: the mean, its interval, and what could not be measured."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dreamrelation.errors import UserError
from dreamrelation.metrics.corrected import Corrected
from dreamrelation.metrics.description import Description
from dreamrelation.metrics.intervals import bootstrap, wilson
from dreamrelation.settings.metrics import IntervalSettings
from dreamrelation.tables.rows import SCORES, SET_SCORES, SetScore, VideoScore


@dataclass(frozen=True)
class Passes:
    """How a metric that is taken several times of each video agrees with itself."""

    count: int
    """How often it was taken of each video."""
    deviation: float | None
    """Standard deviation, over the passes, of the mean over videos; None where fewer than two have one."""
    invalid: int
    """Passes over single videos without a valid value."""


@dataclass(frozen=True)
class Summary:
    """A metric over all videos of a method, as evaluation.json holds it."""

    mean: float | None
    """Of a metric that compares sets, its one value. None where no video has a value."""
    low: float | None
    high: float | None
    """Limits of the confidence interval."""
    interval: str | None
    """How the limits were found: "wilson", "bootstrap" or, by the metric itself, "metric"."""
    count: int
    """Videos with a value."""
    missing: int
    """Videos without."""
    passes: Passes | None = None
    """None of a metric that is taken once."""
    corrected: Corrected | None = None
    """A share, corrected for what the metric says of real clips; None where it was not asked about them."""


def known_values(values: Iterable[float | None]) -> np.ndarray:
    """(N,) without those that could not be taken."""
    return np.array([value for value in values if value is not None], np.float64)


def summarise(
    description: Description, values: Iterable[float | None], intervals: IntervalSettings, seed: int
) -> Summary:
    """The mean and its interval. Values that could not be taken are counted, not guessed."""
    values = list(values)
    known = known_values(values)
    count, missing = len(known), len(values) - len(known)
    if not count:
        return Summary(None, None, None, None, count, missing)
    if description.info.is_share and np.isin(known, (0, 1)).all():
        found = wilson(int(known.sum()), count, intervals.confidence)
    else:
        found = bootstrap(known, intervals.confidence, intervals.bootstrap_samples, seed, description.name)
    return Summary(found.mean, found.low, found.high, found.kind, count, missing)


def read_summary(path: Path, intervals: IntervalSettings, seed: int) -> tuple[Description, Summary, list[VideoScore]]:
    """What a file of scores is of, its summary, and its rows; none of a metric that compares sets.

    Raises UserError where the file holds no score, or tells no metric.
    """
    if SET_SCORES.holds(path):
        sets, metadata = SET_SCORES.read_with_metadata(path)
        if len(sets) != 1:
            raise UserError(f"{path}: found {len(sets)} rows, expected one")
        return Description.of(metadata, path), _set_summary(sets[0]), []
    rows, metadata = SCORES.read_with_metadata(path)
    if not rows:
        raise UserError(f"{path}: found no score, expected at least one")
    description = Description.of(metadata, path)
    return description, summarise(description, [row.value for row in rows], intervals, seed), rows


def _set_summary(row: SetScore) -> Summary:
    """The metric's own limits, where it gives any."""
    if row.value is None:
        return Summary(None, None, None, None, 0, row.count)
    interval = None if row.low is None or row.high is None else "metric"
    return Summary(row.value, row.low, row.high, interval, row.count, 0)
