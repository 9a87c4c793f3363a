"""The summarise stage: the scores of one relation → means over videos with their intervals, method by method.

What a metric is stands in the metadata of its scores, so this knows none.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dreamrelation.errors import UserError
from dreamrelation.files import appearing
from dreamrelation.metrics.corrected import Corrected, corrected
from dreamrelation.metrics.description import Description
from dreamrelation.metrics.summary import Passes, Summary, known_values, read_summary, summarise
from dreamrelation.settings.table_stages import SummariseStage
from dreamrelation.tables.rows import CONTROLS, VideoScore


@dataclass(frozen=True)
class Real:
    """What a metric says of real clips."""

    positive: list[float | None]
    """Of those that show the relation."""
    negative: list[float | None]
    """Of those that show another one."""


def run(*, settings: SummariseStage, relation: str, scores: list[Path], controls: list[Path], evaluation: Path) -> None:
    """Write evaluation.json. The files are `{method}/scores/{metric}.parquet` and `controls/{metric}.parquet`.

    Methods and metrics keep the order in which they are given. Raises UserError where methods lack metrics that others
    have, or a file holds another metric than its name says, or was made with another version of it.
    """
    descriptions: dict[str, Description] = {}
    methods: dict[str, dict[str, Summary]] = {}
    real = {path.stem: (path, *_real(path, relation)) for path in controls}
    for path in scores:
        method = path.parent.parent.name
        clips = real[path.stem][2] if path.stem in real else None
        description, summary = _of_method(path, clips, settings)
        _agree(descriptions, description, path)
        if description.name in methods.setdefault(method, {}):
            raise UserError(f"{path}: found the scores of {description.name} of {method} twice, expected them once")
        methods[method][description.name] = summary
    _check_complete(methods, list(descriptions), evaluation)
    for name, (path, description, _) in real.items():
        if name not in descriptions:
            raise UserError(f"{path}: found controls of {description.name}, of which no scores are given")
        _agree(descriptions, description, path)
    sides = {name: _sides(description, clips, settings) for name, (_, description, clips) in real.items()}
    content = {
        "experiment": settings.experiment,
        "relation": relation,
        "seed": settings.seed,
        "confidence": settings.intervals.confidence,
        "metrics": {name: _metric_content(description) for name, description in descriptions.items()},
        "controls": {name: {side: _content(s) for side, s in of_it.items()} for name, of_it in sides.items()},
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


def _of_method(path: Path, real: Real | None, settings: SummariseStage) -> tuple[Description, Summary]:
    """The scores of one method by one metric, which was asked about `real` clips, too."""
    description, summary, rows = read_summary(path, settings.intervals, settings.seed)
    if description.compares_sets:
        return description, summary
    passes = _passes([row.passes for row in rows])
    return description, replace(summary, passes=passes, corrected=_corrected(description, rows, real, settings))


def _passes(of_videos: list[tuple[float | None, ...]]) -> Passes | None:
    """Raises ValueError where videos have different numbers of passes."""
    if not of_videos[0]:
        return None
    table = np.array(of_videos, np.float64)  # None is not a number
    invalid = np.isnan(table)
    answered = table[:, ~invalid.all(axis=0)]
    means = np.nanmean(answered, axis=0) if answered.size else np.array([])
    deviation = float(means.std(ddof=1)) if len(means) > 1 else None
    return Passes(table.shape[1], deviation, int(invalid.sum()))


def _corrected(
    description: Description, rows: list[VideoScore], real: Real | None, settings: SummariseStage
) -> Corrected | None:
    if real is None or not description.info.is_share:
        return None
    videos, positive, negative = (known_values(v) for v in ([row.value for row in rows], real.positive, real.negative))
    if not (len(videos) and len(positive) and len(negative)):
        return None
    intervals = settings.intervals
    seed = [settings.seed, *f"correction {description.name}".encode()]
    return corrected(videos, positive, negative, intervals.confidence, intervals.bootstrap_samples, seed)


def _real(path: Path, relation: str) -> tuple[Description, Real]:
    """What the metric says of real clips."""
    rows, metadata = CONTROLS.read_with_metadata(path)
    description = Description.of(metadata, path)
    positive = [row.value for row in rows if row.shown == relation]
    negative = [row.value for row in rows if row.shown != relation]
    if not positive:
        raise UserError(f"{path}: found no clip that shows {relation}, expected at least one")
    return description, Real(positive, negative)


def _sides(description: Description, real: Real, settings: SummariseStage) -> dict[str, Summary | None]:
    """Of clips that show the relation, and of the others; None: there are none."""
    sides = {"positive": real.positive, "negative": real.negative}
    return {
        side: summarise(description, values, settings.intervals, settings.seed) if values else None
        for side, values in sides.items()
    }


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
