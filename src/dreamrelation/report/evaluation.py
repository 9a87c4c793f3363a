"""evaluation.json of one relation, as the summarise stage writes it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dreamrelation.errors import UserError
from dreamrelation.report.scores import MeanScore, Metric, Scores


@dataclass(frozen=True)
class Controls:
    """A metric of real clips."""

    positive: MeanScore | None
    """Of clips that show the relation."""
    negative: MeanScore | None
    """Of clips that show another one; None where there are none."""


@dataclass(frozen=True)
class Evaluation:
    """All scores of one relation."""

    confidence: float
    """Level of the confidence intervals."""
    metrics: dict[str, Metric]
    """In the experiment's order."""
    controls: dict[str, Controls]
    methods: Scores
    """Means over a method's videos."""


def read_evaluation(path: Path, relation: str, methods: list[str], metrics: list[str]) -> Evaluation:
    """Raises UserError where it is missing, broken, of another relation, or lacks a method or a metric."""
    if not path.is_file():
        raise UserError(f"{path}: no such file, expected it from the summarise stage")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: not valid JSON: {error}") from None
    try:
        found, evaluation = content["relation"], _evaluation(content)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(f"{path}: not the output of the summarise stage ({error!r}); run it again") from None
    if found != relation:
        raise UserError(f"{path}: found the relation {found!r}, expected {relation!r}")
    if list(evaluation.metrics) != metrics:
        raise UserError(f"{path}: found the metrics {list(evaluation.metrics)}, expected {metrics}")
    for method in methods if metrics else []:
        lacking = [metric for metric in metrics if metric not in evaluation.methods.get(method, {})]
        if lacking:
            raise UserError(f"{path}: found no {lacking[0]} of {method}, expected every metric of {', '.join(methods)}")
    return evaluation


def _evaluation(content: dict[str, Any]) -> Evaluation:
    return Evaluation(
        confidence=float(content["confidence"]),
        metrics={name: Metric.from_json(metric) for name, metric in content["metrics"].items()},
        controls={
            name: Controls(_score(sides["positive"]), _score(sides["negative"]))
            for name, sides in content["controls"].items()
        },
        methods={
            method: {name: MeanScore.from_json(score) for name, score in scores.items()}
            for method, scores in content["methods"].items()
        },
    )


def _score(content: dict[str, Any] | None) -> MeanScore | None:
    return None if content is None else MeanScore.from_json(content)
