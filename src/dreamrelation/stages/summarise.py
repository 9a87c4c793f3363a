"""The summarise stage: the scores of one relation → means over videos with their intervals, method by method.

What a metric is stands in the metadata of its scores, so this knows none.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dreamrelation.errors import UserError
from dreamrelation.files import appearing
from dreamrelation.metrics.description import Description
from dreamrelation.metrics.intervals import bootstrap, wilson
from dreamrelation.settings.stages import SummariseStage
from dreamrelation.tables.rows import CONTROLS, SCORES, SET_SCORES, SetScore


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


def run(*, settings: SummariseStage, relation: str, scores: list[Path], controls: list[Path], evaluation: Path) -> None:
    """Write evaluation.json. The files are `{method}/scores/{metric}.parquet` and `controls/{metric}.parquet`.

    Methods and metrics keep the order in which they are given. Raises UserError where methods lack metrics that others
    have, or a file holds another metric than its name says, or was made with another version of it.
    """
    descriptions: dict[str, Description] = {}
    methods: dict[str, dict[str, Summary]] = {}
    for path in scores:
        method = path.parent.parent.name
        description, summary = _of_method(path, settings)
        _agree(descriptions, description, path)
        if description.name in methods.setdefault(method, {}):
            raise UserError(f"{path}: found the scores of {description.name} of {method} twice, expected them once")
        methods[method][description.name] = summary
    _check_complete(methods, list(descriptions), evaluation)
    real: dict[str, dict[str, Summary | None]] = {}
    for path in controls:
        description, sides = _of_controls(path, relation, settings)
        if description.name not in descriptions:
            raise UserError(f"{path}: found controls of {description.name}, of which no scores are given")
        _agree(descriptions, description, path)
        real[description.name] = sides
    content = {
        "experiment": settings.experiment,
        "relation": relation,
        "seed": settings.seed,
        "confidence": settings.intervals.confidence,
        "metrics": {name: _metric_content(description) for name, description in descriptions.items()},
        "controls": {name: {side: _content(s) for side, s in sides.items()} for name, sides in real.items()},
        "methods": {name: {metric: _content(s) for metric, s in of_it.items()} for name, of_it in methods.items()},
    }
    with appearing(evaluation) as beside:
        beside.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _metric_content(description: Description) -> dict[str, Any]:
    return asdict(description.info) | {
        "note": description.note,
        "compares_sets": description.compares_sets,
        "confusions": [asdict(confusion) for confusion in description.confusions],
    }


def _content(summary: Summary | None) -> dict[str, Any] | None:
    return None if summary is None else asdict(summary)


def _of_method(path: Path, settings: SummariseStage) -> tuple[Description, Summary]:
    """The scores of one method by one metric."""
    if SET_SCORES.holds(path):
        sets, metadata = SET_SCORES.read_with_metadata(path)
        if len(sets) != 1:
            raise UserError(f"{path}: found {len(sets)} rows, expected one")
        return Description.of(metadata, path), _set_summary(sets[0])
    rows, metadata = SCORES.read_with_metadata(path)
    if not rows:
        raise UserError(f"{path}: found no score, expected at least one")
    description = Description.of(metadata, path)
    return description, summarise(description, [row.value for row in rows], settings)


def _of_controls(path: Path, relation: str, settings: SummariseStage) -> tuple[Description, dict[str, Summary | None]]:
    """The scores of real clips that show the relation (positive) and of the others (negative; None: there are none)."""
    rows, metadata = CONTROLS.read_with_metadata(path)
    description = Description.of(metadata, path)
    positive = [row.value for row in rows if row.shown == relation]
    negative = [row.value for row in rows if row.shown != relation]
    if not positive:
        raise UserError(f"{path}: found no clip that shows {relation}, expected at least one")
    sides = {"positive": positive, "negative": negative}
    return description, {side: summarise(description, v, settings) if v else None for side, v in sides.items()}


def summarise(description: Description, values: Iterable[float | None], settings: SummariseStage) -> Summary:
    """The mean and its interval. Values that could not be taken are counted, not guessed."""
    values = list(values)
    known = np.array([value for value in values if value is not None], np.float64)
    count, missing = len(known), len(values) - len(known)
    if not count:
        return Summary(None, None, None, None, count, missing)
    confidence = settings.intervals.confidence
    if description.info.is_share:
        found = wilson(int(known.sum()), count, confidence)
    else:
        found = bootstrap(known, confidence, settings.intervals.bootstrap_samples, settings.seed, description.name)
    return Summary(found.mean, found.low, found.high, found.kind, count, missing)


def _set_summary(row: SetScore) -> Summary:
    """The metric's own limits, where it gives any."""
    if row.value is None:
        return Summary(None, None, None, None, 0, row.count)
    interval = None if row.low is None or row.high is None else "metric"
    return Summary(row.value, row.low, row.high, interval, row.count, 0)


def _agree(descriptions: dict[str, Description], found: Description, path: Path) -> None:
    """Note down what the metric is. Raises UserError unless that is what the path and the other files say."""
    if found.name != path.stem:
        raise UserError(f"{path}: found scores of the metric {found.name!r}, expected {path.stem!r}")
    expected = descriptions.setdefault(found.name, found)
    if found != expected:
        raise UserError(
            f"{path}: found the metric {found.name} as {found}, elsewhere as {expected}: they were taken with"
            " different versions of it; run the evaluate stage again"
        )


def _check_complete(methods: dict[str, dict[str, Summary]], metrics: list[str], evaluation: Path) -> None:
    for method, found in methods.items():
        lacking = [metric for metric in metrics if metric not in found]
        if lacking:
            raise UserError(
                f"{evaluation}: found no scores of {', '.join(lacking)} for {method},"
                f" expected {', '.join(metrics)} for each method"
            )
