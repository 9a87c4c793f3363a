"""The evaluation of one relation: means over videos with their intervals, per method, and the judge's controls."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from dreamrelation import tables
from dreamrelation.clips.reading import read_frames
from dreamrelation.evaluation.controls import controls
from dreamrelation.evaluation.intervals import bootstrap, wilson
from dreamrelation.evaluation.judge import Judge
from dreamrelation.files import appearing
from dreamrelation.settings.evaluation import EvaluationSettings
from dreamrelation.settings.experiment import ExperimentSettings

SHARES = ("relation_accuracy",)
"""Metrics whose single values are 0 or 1: their mean is a proportion."""


def run(settings: ExperimentSettings, relation: str, scores: list[Path], selection: Path, evaluation: Path) -> None:
    """Write `evaluation.json` from the scores of all methods.

    Each of scores is `{method}/scores.parquet`. Raises ValueError for a folder that is no method of the settings or a
    method whose scores are not given, and where the selection holds no clip of the relation.
    """
    tables_of = {path.parent.name: path for path in scores}
    if set(tables_of) != set(settings.methods) or len(tables_of) != len(scores):
        raise ValueError(
            f"{evaluation}: found the scores of {[path.parent.name for path in scores]},"
            f" expected those of {list(settings.methods)}"
        )
    judge = None if settings.evaluation.judge is None else Judge(Path(settings.evaluation.judge_path))
    content = {
        "experiment": settings.experiment,
        "relation": relation,
        "seed": settings.seed,
        "judge": None if judge is None else judge.describe(),
        "confidence": settings.evaluation.confidence,
        "controls": None if judge is None else _controls(settings, relation, judge, selection),
        "methods": {
            method: summarise(tables_of[method], settings.evaluation, settings.seed) for method in settings.methods
        },
    }
    with appearing(evaluation) as beside:
        beside.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _controls(settings: ExperimentSettings, relation: str, judge: Judge, selection: Path) -> dict[str, Any]:
    rows = tables.read(selection, tables.SELECTION).to_pylist()
    if not any(row["relation"] == relation for row in rows):
        raise ValueError(f"{selection}: found no clip of {relation}, expected at least one for the positive control")
    return controls(settings, relation, judge, rows, read_frames)


def summarise(scores: Path, settings: EvaluationSettings, seed: int) -> dict[str, dict[str, Any]]:
    """Metric → mean, limits and counts, over the videos of one method's scores."""
    values: dict[str, list[float | None]] = {}
    for row in tables.read(scores, tables.SCORES).to_pylist():
        values.setdefault(row["metric"], []).append(row["value"])
    if not values:
        raise ValueError(f"{scores}: found no score, expected at least one")
    return {metric: _mean(metric, found, settings, seed) for metric, found in values.items()}


def _mean(metric: str, values: list[float | None], settings: EvaluationSettings, seed: int) -> dict[str, Any]:
    """Values that could not be taken are counted, not guessed."""
    known = np.array([value for value in values if value is not None], np.float64)
    counts = {"count": len(known), "missing": len(values) - len(known)}
    if not len(known):
        return {"mean": None, "low": None, "high": None, "interval": None, **counts}
    if metric in SHARES:
        interval = wilson(int(known.sum()), len(known), settings.confidence)
    else:
        interval = bootstrap(known, settings.confidence, settings.bootstrap_samples, seed, metric)
    return {"mean": interval.mean, "low": interval.low, "high": interval.high, "interval": interval.kind, **counts}
