"""The files of scores of several methods and relations, read together and compared metric by metric."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.metrics.comparison import Comparison, Sums, compare, sums_of
from dreamrelation.metrics.description import Description
from dreamrelation.settings.metrics import IntervalSettings
from dreamrelation.tables.rows import SCORES, SET_SCORES


@dataclass
class Taken:
    """What was read of one metric."""

    description: Description
    values: dict[str, dict[str, dict[str, list[float]]]] = field(default_factory=dict)
    """Relation → method → prompt → the values of its videos."""
    missing: dict[str, int] = field(default_factory=dict)
    """Method → videos without a value."""


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


def compared(found: Taken, methods: list[str], intervals: IntervalSettings, seed: int) -> Comparison:
    """One metric's comparison of these methods, which all have a value in each relation.

    Raises UserError where methods were scored on different prompts, or relations have other methods.
    """
    relations: list[Sums] = []
    for relation, of_methods in found.values.items():
        if set(of_methods) != set(methods):
            odd = sorted(set(of_methods) ^ set(methods))
            raise UserError(f"{relation}: found scores of other methods than elsewhere, such as {odd[0]!r}")
        try:
            relations.append(sums_of({method: of_methods[method] for method in methods}))
        except ValueError as error:
            raise UserError(f"{found.description.name} of {relation}: {error}") from None
    seeds = [seed, *f"comparison {found.description.name}".encode()]
    return compare(methods, relations, intervals.confidence, intervals.bootstrap_samples, seeds)
