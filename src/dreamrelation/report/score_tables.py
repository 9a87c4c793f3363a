"""The tables of scores: as shown on the page, and as CSV."""

import csv
from dataclasses import dataclass
from pathlib import Path

from dreamrelation.files import appearing
from dreamrelation.paper import COLUMNS, PAPER, method_label
from dreamrelation.report.inputs import ExperimentResults
from dreamrelation.report.scores import NO_SCORE, MeanScore, Metric, Scores, best

MEANS = ("mean", "low", "high", "count", "missing", "deviation", "corrected", "corrected_low", "corrected_high")
CSV_COLUMNS = ("relation", "method", "metric", *MEANS)


@dataclass(frozen=True)
class Cell:
    """One score as written."""

    text: str
    interval: str
    """Such as "0.31 to 0.62"; empty where there is none."""
    spread: str
    """Over several passes, such as "± 0.8 in 10 passes"; empty where it is taken once."""
    count: int
    """Videos with a value."""
    best: bool


@dataclass(frozen=True)
class Row:
    """One method's scores."""

    label: str
    videos: int
    """Videos of the method, with a value or without."""
    cells: list[Cell]


@dataclass(frozen=True)
class ScoreTable:
    """Methods in rows, metrics in columns."""

    columns: list[Metric]
    rows: list[Row]
    unmeasured: list[str]
    """Labels of the metrics that nobody has a value of."""


def score_table(scores: Scores, metrics: dict[str, Metric]) -> ScoreTable:
    """The table of one relation, or of the averages. Metrics without any value are named beside it instead."""
    shown = [name for name in metrics if any(_score(scores, method, name).mean is not None for method in scores)]
    winners = {
        name: best(metrics[name], {method: _score(scores, method, name).mean for method in scores}) for name in shown
    }
    rows = []
    for method in scores:
        cells = [_cell(metrics[name], _score(scores, method, name), method in winners[name]) for name in shown]
        videos = max((score.count + score.missing for score in scores[method].values()), default=0)
        rows.append(Row(method_label(method), videos, cells))
    unmeasured = [metric.label for name, metric in metrics.items() if name not in shown]
    return ScoreTable([metrics[name] for name in shown], rows, unmeasured)


def paper_table(scores: Scores, metrics: dict[str, Metric]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Method label and, for each of the paper's columns, the paper's number and ours, as written."""
    rows = []
    for method in scores:
        if method not in PAPER:
            continue
        pairs = []
        for name, column in COLUMNS.items():
            metric = metrics.get(name) or Metric(column.label, unit=column.unit)
            pairs.append((metric.text(PAPER[method].get(name)), metric.text(_score(scores, method, name).mean)))
        rows.append((method_label(method), pairs))
    return rows


def write_csv(path: Path, results: ExperimentResults) -> None:
    """Every score of every relation and method, in full precision; a value that is not there is left empty."""
    with appearing(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(CSV_COLUMNS)
        for relation in results.relations:
            for method in relation.methods:
                for name, score in method.scores.items():
                    numbers = (score.mean, score.low, score.high, score.count, score.missing, score.deviation)
                    right = score.corrected
                    corrected = ("", "", "") if right is None else (right.mean, right.low, right.high)
                    writer.writerow([relation.relation.slug, method.name, name, *numbers, *corrected])


def _score(scores: Scores, method: str, name: str) -> MeanScore:
    return scores[method].get(name, NO_SCORE)


def _cell(metric: Metric, score: MeanScore, is_best: bool) -> Cell:
    interval = "" if score.low is None else f"{metric.text(score.low)} to {metric.text(score.high)}"
    spread = "" if score.deviation is None else f"± {_bare(metric, score.deviation)} in {score.passes} passes"
    return Cell(metric.text(score.mean), interval, spread, score.count, is_best)


def _bare(metric: Metric, value: float) -> str:
    return metric.text(value).rstrip("%")
