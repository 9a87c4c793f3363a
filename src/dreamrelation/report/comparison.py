"""The methods over all relations as the compare stage writes them: means, and differences between any two."""

import csv
import math
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.report.scores import MeanScore, Scores
from dreamrelation.tables.comparison import COMPARISON, DIFFERENCES

TOLERANCE = 1e-9
"""The same mean, summed up in another order."""


@dataclass(frozen=True)
class Difference:
    """How much one method has more of a metric than another, with its interval."""

    difference: float
    low: float
    high: float

    @property
    def is_apart(self) -> bool:
        """Whether the interval lies on one side of 0."""
        return not self.low <= 0 <= self.high


@dataclass(frozen=True)
class Comparison:
    """Of the metrics that look at single videos."""

    means: Scores
    differences: dict[str, dict[tuple[str, str], Difference]]
    """Metric → (method, other) → the method's mean less the other's; empty for a single method."""


def read_comparison(tables: Path, averages: Scores, metrics: list[str]) -> Comparison:
    """Read `comparison.csv` and `differences.csv` in the folder `tables`.

    `averages` are the means of the methods as the relations' evaluations have them, and `metrics` those that must be
    compared. Raises UserError where a file is missing, broken, or of other methods, metrics or scores.
    """
    means = _read_means(tables / "comparison.csv", averages, metrics)
    return Comparison(means, _read_differences(tables / "differences.csv", means))


def _read_means(path: Path, averages: Scores, metrics: list[str]) -> Scores:
    means: Scores = {method: {} for method in averages}
    for row in _rows(path, COMPARISON):
        method, metric = row["method"], row["metric"]
        expected = averages.get(method, {}).get(metric)
        if expected is None or metric in means[method]:
            raise _misfit(path, f"{metric} of {method}", "each metric of each method of the experiment once")
        mean, low, high, videos, missing = _numbers(path, row, ("mean", "low", "high", "videos", "missing"))
        found = MeanScore(mean, low, high, int(videos), int(missing))
        if not _same_scores(found, expected):
            raise _misfit(path, f"{metric} of {method} as {_in_words(found)}", f"{_in_words(expected)}, as evaluated")
        means[method][metric] = found
    for metric in dict.fromkeys([*metrics, *(name for of_method in means.values() for name in of_method)]):
        for method, of_method in means.items():
            if metric not in of_method:
                raise _misfit(path, f"no {metric} of {method}", "it of every method")
    return means


def _read_differences(path: Path, means: Scores) -> dict[str, dict[tuple[str, str], Difference]]:
    pairs = list(permutations(means, 2))
    compared = dict.fromkeys(name for of_method in means.values() for name in of_method) if pairs else {}
    differences: dict[str, dict[tuple[str, str], Difference]] = {metric: {} for metric in compared}
    for row in _rows(path, DIFFERENCES):
        metric, pair = row["metric"], (row["method"], row["other"])
        if metric not in differences or pair not in pairs or pair in differences[metric]:
            raise _misfit(path, f"{metric} of {pair[0]} less {pair[1]}", "each pair of comparison.csv once")
        found = Difference(*_numbers(path, row, ("difference", "low", "high")))
        first, second = (means[method][metric].mean for method in pair)
        expected = (first or 0.0) - (second or 0.0)
        if not _same(found.difference, expected):
            told = f"a difference in {metric} of {found.difference:g} between {pair[0]} and {pair[1]}"
            raise _misfit(path, told, f"{expected:g}, as comparison.csv has it")
        differences[metric][pair] = found
    for metric, found_pairs in differences.items():
        for pair in pairs:
            if pair not in found_pairs:
                raise _misfit(path, f"no difference in {metric} between {pair[0]} and {pair[1]}", "one")
    return differences


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    if not path.is_file():
        raise UserError(f"{path}: no such file, expected it from the compare stage")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows, found = list(reader), tuple(reader.fieldnames or ())
    except (csv.Error, ValueError) as error:
        raise UserError(f"{path}: not a CSV file: {error}; run the compare stage again") from None
    if found != columns:
        raise _misfit(path, f"the columns {', '.join(found) or 'of nothing'}", ", ".join(columns))
    return rows


def _numbers(path: Path, row: dict[str, str], columns: tuple[str, ...]) -> list[float]:
    try:
        numbers = [float(row[column]) for column in columns]
    except (TypeError, ValueError):
        numbers = [math.nan]
    if not all(math.isfinite(number) for number in numbers):
        raise _misfit(path, f"the row {', '.join(str(value) for value in row.values())}", "finite numbers in it")
    return numbers


def _same_scores(found: MeanScore, expected: MeanScore) -> bool:
    if expected.mean is None or found.mean is None:
        return found.mean is expected.mean
    counts = (found.count, found.missing) == (expected.count, expected.missing)
    return counts and _same(found.mean, expected.mean)


def _same(found: float, expected: float) -> bool:
    return math.isclose(found, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _in_words(score: MeanScore) -> str:
    mean = "nothing" if score.mean is None else f"{score.mean:g}"
    return f"{mean} ({score.count} videos, {score.missing} missing)"


def _misfit(path: Path, found: str, expected: str) -> UserError:
    return UserError(f"{path}: found {found}, expected {expected}; run the compare stage again")
