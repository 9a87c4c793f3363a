"""One of the paper's tables with this experiment's numbers in it: as CSV, as Markdown and as LaTeX."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dreamrelation.files import appearing
from dreamrelation.paper import COLUMNS, OURS, PAPER, Table, method_label
from dreamrelation.report.comparison import Difference
from dreamrelation.report.scores import NO_SCORE, MeanScore, Metric, Scores
from dreamrelation.tables.texts import latex_text, markdown_cell

ALL = "all"
"""In the column of relations: the mean over them."""
CSV_COLUMNS = (
    *("relation", "method", "metric", "unit", "better", "mean", "low", "high", "videos", "missing"),
    *("ahead", "ahead_low", "ahead_high", "paper", "papers_world"),
)
OTHER_WORLD = (
    "The paper's numbers are of Mochi (10 billion parameters), NTU RGB+D and a vision-language model as judge. Here the"
    " model, the clips or the judge are others: they are not comparable one to one."
)
MARK = "†"


@dataclass(frozen=True)
class FilledTable:
    """A table of the paper, filled."""

    number: int
    table: Table
    metrics: dict[str, Metric]
    """In their order; those that the paper has get its numbers in a column of their own."""
    overall: Scores
    """Means over the relations, of those of its methods that the experiment has."""
    relations: dict[str, Scores]
    differences: dict[str, dict[str, Difference]]
    """Metric → method → the mean of OURS less the method's, on the same prompts and seeds."""
    confidence: float
    papers_world: bool
    """Whether model, clips and judge are the paper's."""

    def score(self, method: str, metric: str, relation: str = ALL) -> MeanScore:
        """NO_SCORE where there is none."""
        scores = self.overall if relation == ALL else self.relations[relation]
        return scores.get(method, {}).get(metric, NO_SCORE)

    @property
    def mark(self) -> str:
        """At the paper's numbers, where they are of another world."""
        return "" if self.papers_world else MARK


def write_csv(path: Path, filled: FilledTable) -> None:
    """One line for each relation, method and metric, and for the mean over relations, in full precision.

    `ahead` is how much more OURS has; a number that is not there is left empty.
    """
    with appearing(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for relation in (ALL, *filled.relations):
            for method in filled.table.methods:
                for name, metric in filled.metrics.items():
                    score = filled.score(method, name, relation)
                    ahead = filled.differences.get(name, {}).get(method) if relation == ALL else None
                    writer.writerow([
                        *(relation, method, name, metric.unit, metric.better or ""),
                        *(score.mean, score.low, score.high, score.count, score.missing),
                        *(("", "", "") if ahead is None else (ahead.difference, ahead.low, ahead.high)),
                        *(PAPER[method].get(name) if relation == ALL else None, filled.papers_world),
                    ])  # fmt: skip


def write_markdown(path: Path, filled: FilledTable) -> None:
    """Means with the paper's numbers beside them, then how far OURS is ahead, then each relation."""
    with appearing(path) as beside:
        beside.write_text("\n".join(_markdown(filled)) + "\n", encoding="utf-8")


def _markdown(filled: FilledTable) -> Iterator[str]:
    yield f"# Table {filled.number}. {filled.table.title}\n"
    yield (
        f"Means over {_relations(filled)}, each counting the same; in brackets their {100 * filled.confidence:g} %"
        " confidence intervals, N: videos with a value. Rows without a number are not in this experiment.\n"
    )
    heads = [head for name, metric in filled.metrics.items() for head in _heads(filled, name, metric)]
    yield from _markdown_table(["", *heads], [[method_label(m), *_row(filled, m)] for m in filled.table.methods])
    if not filled.papers_world:
        yield f"\n{MARK} {OTHER_WORLD}"
    compared = {name: of for name, of in filled.differences.items() if of}
    if compared:
        yield f"\n## {method_label(OURS)} less the others, on the same prompts and seeds\n"
        rows = [
            [method_label(method), *(_ahead(filled.metrics[name], of.get(method)) for name, of in compared.items())]
            for method in filled.table.methods
            if any(method in of for of in compared.values())
        ]
        yield from _markdown_table(["", *(filled.metrics[name].label for name in compared)], rows)
    for name, metric in filled.metrics.items():
        yield f"\n## {metric.label} by relation\n"
        rows = [
            [method_label(m), *(_text(metric, filled.score(m, name, relation)) for relation in filled.relations)]
            for m in filled.overall
        ]
        yield from _markdown_table(["", *(relation.replace("_", " ") for relation in filled.relations)], rows)


def _relations(filled: FilledTable) -> str:
    return "one relation" if len(filled.relations) == 1 else f"{len(filled.relations)} relations"


def _heads(filled: FilledTable, name: str, metric: Metric) -> list[str]:
    arrow = {"higher": " ↑", "lower": " ↓", None: ""}[metric.better]
    return [f"{metric.label}{arrow}", *([f"paper{filled.mark}"] if name in COLUMNS else [])]


def _row(filled: FilledTable, method: str) -> Iterator[str]:
    for name, metric in filled.metrics.items():
        yield _text(metric, filled.score(method, name))
        if name in COLUMNS:
            yield metric.text(PAPER[method].get(name))


def _text(metric: Metric, score: MeanScore) -> str:
    """Such as `44.5% [41.2%, 47.8%], N 260`."""
    if score.mean is None:
        return metric.text(None)
    limits = "" if score.low is None else f" [{metric.text(score.low)}, {metric.text(score.high)}]"
    return f"{metric.text(score.mean)}{limits}, N {score.count}"


def _ahead(metric: Metric, ahead: Difference | None) -> str:
    if ahead is None:
        return metric.text(None)
    return "{} [{}, {}]".format(*(metric.difference_text(x) for x in (ahead.difference, ahead.low, ahead.high)))


def _markdown_table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    for line in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(map(markdown_cell, line))} |"


def write_latex(path: Path, filled: FilledTable) -> None:
    r"""The table of means, for `\input` in an article that has loaded `booktabs`."""
    with appearing(path) as beside:
        beside.write_text("\n".join(_latex(filled)) + "\n", encoding="utf-8")


def _latex(filled: FilledTable) -> Iterator[str]:
    heads = [head for name, metric in filled.metrics.items() for head in _heads(filled, name, metric)]
    yield r"\begin{table}"
    caption = (
        f"{filled.table.title}. Means over {_relations(filled)}, {100 * filled.confidence:g} % intervals, N videos."
    )
    yield rf"\caption{{{latex_text(caption + ('' if filled.papers_world else f' {MARK} {OTHER_WORLD}'))}}}"
    yield rf"\begin{{tabular}}{{l{'r' * len(heads)}}}"
    yield r"\toprule"
    yield " & ".join(["", *map(latex_text, heads)]) + r" \\"
    yield r"\midrule"
    for method in filled.table.methods:
        yield " & ".join(map(latex_text, [method_label(method), *_row(filled, method)])) + r" \\"
    yield r"\bottomrule"
    yield r"\end{tabular}"
    yield r"\end{table}"
