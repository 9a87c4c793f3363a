"""The compare stage: the scores of all relations → each method's mean, and the differences between any two methods."""

import csv
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.files import appearing
from dreamrelation.metrics.comparison import Comparison, Sums, compare, sums_of
from dreamrelation.metrics.description import Description
from dreamrelation.progress import progress
from dreamrelation.settings.stages import CompareStage
from dreamrelation.tables.comparison import COMPARISON, DIFFERENCES
from dreamrelation.tables.rows import SCORES, SET_SCORES


@dataclass
class Taken:
    """What was read of one metric."""

    description: Description
    values: dict[str, dict[str, dict[str, list[float]]]] = field(default_factory=dict)
    """Relation → method → prompt → the values of its videos."""
    missing: dict[str, int] = field(default_factory=dict)
    """Method → videos without a value."""


def run(*, settings: CompareStage, scores: list[Path], comparison: Path, differences: Path) -> None:
    """Write two CSV files from `{relation}/{method}/scores/{metric}.parquet`.

    A metric that compares sets has no values of single videos and is left out, and so is one of which a method has no
    value in a relation, with a line in the log; what there is of them is in `tables/scores.csv`. Raises UserError where
    methods were scored on different prompts.
    """
    lines: list[tuple[object, ...]] = []
    pairs: list[tuple[object, ...]] = []
    taken = read(scores)
    for metric, found in progress(list(taken.items()), len(taken), "comparing methods"):
        methods = list(next(iter(found.values.values())))
        lacking = without_value(found)
        if lacking:
            print(f"{metric} is not compared: no value of {'; '.join(lacking)}", file=sys.stderr)
            continue
        result = compared(found, methods, settings)
        info = found.description.info
        for method in methods:
            mean = result.methods[method]
            videos = sum(len(values) for of in found.values.values() for values in of[method].values())
            about = (metric, info.unit, info.better or "", method)
            lines.append((*about, mean.mean, mean.low, mean.high, len(found.values), videos, found.missing[method]))
        pairs += [(metric, *names, of.mean, of.low, of.high) for names, of in result.differences.items()]
    _write(comparison, COMPARISON, lines)
    _write(differences, DIFFERENCES, pairs)


def read(scores: Iterable[Path]) -> dict[str, Taken]:
    """Metric → what its files hold, in the order of the files."""
    taken: dict[str, Taken] = {}
    for path in scores:
        if SET_SCORES.holds(path):
            continue
        relation, method = path.parts[-4], path.parts[-3]
        rows, metadata = SCORES.read_with_metadata(path)
        description = Description.of(metadata, path)
        found = taken.setdefault(description.name, Taken(description))
        if found.description != description:
            raise UserError(
                f"{path}: was taken with another version of {description.name}; run the evaluate stage again"
            )
        values = found.values.setdefault(relation, {}).setdefault(method, {})
        for row in rows:
            values.setdefault(row.prompt, []).extend([] if row.value is None else [row.value])
        found.missing[method] = found.missing.get(method, 0) + sum(row.value is None for row in rows)
    return taken


def without_value(found: Taken) -> list[str]:
    """Which methods have no value at all in which relation."""
    return [
        f"{method} in {relation}"
        for relation, of_methods in found.values.items()
        for method, of_prompts in of_methods.items()
        if not any(of_prompts.values())
    ]


def compared(found: Taken, methods: list[str], settings: CompareStage) -> Comparison:
    """One metric's comparison. Raises UserError as `run`."""
    relations: list[Sums] = []
    for relation, of_methods in found.values.items():
        if set(of_methods) != set(methods):
            odd = sorted(set(of_methods) ^ set(methods))
            raise UserError(f"{relation}: found scores of other methods than elsewhere, such as {odd[0]!r}")
        try:
            relations.append(sums_of({method: of_methods[method] for method in methods}))
        except ValueError as error:
            raise UserError(f"{found.description.name} of {relation}: {error}") from None
    seed = [settings.seed, *f"comparison {found.description.name}".encode()]
    intervals = settings.intervals
    return compare(methods, relations, intervals.confidence, intervals.bootstrap_samples, seed)


def _write(path: Path, header: tuple[str, ...], lines: list[tuple[object, ...]]) -> None:
    with appearing(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)
