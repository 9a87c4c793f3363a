"""The experiment's scores over all relations: in a sentence, in a chart, and how they were taken."""

from markupsafe import Markup

from dreamrelation.paper import COLUMNS as PAPER_COLUMNS
from dreamrelation.paper import method_label
from dreamrelation.report.charts import HeadlineRow, headline_chart
from dreamrelation.report.inputs import ExperimentResults
from dreamrelation.report.scores import NO_SCORE, Metric, Scores

POINTS = "Where all videos agree, the limits fall together and say too much; those of the single relations do not."
"""What was seen in each of a few videos need not be in all: a bootstrap cannot tell, Wilson's interval can."""

ALL_IN_LEAD, BEST_IN_LEAD = 4, 3
"""Up to so many methods a sentence names all; of more it names the best."""


def confidence_text(results: ExperimentResults) -> str:
    """Such as "95%"."""
    return f"{100 * results.confidence:g}%"


def overall_caption(results: ExperimentResults) -> str:
    """How the averages and their intervals were taken."""
    compared = {name for scores in results.comparison.means.values() for name in scores}
    averaged = {
        name: results.metrics[name].label
        for scores in results.overall.values()
        for name, score in scores.items()
        if score.low is not None and name not in compared
    }
    how = ", by a bootstrap over prompts" if compared else ""
    others = f", of {', '.join(averaged.values())} from the intervals of the relations" if compared and averaged else ""
    points = any(
        score.low == score.high
        for scores in results.comparison.means.values()
        for name, score in scores.items()
        if results.metrics[name].is_share
    )
    return (
        "Averages over the relations, each counting the same. Below each mean stands its"
        f" {confidence_text(results)} confidence interval{how}{others}."
        + (f" {POINTS}" if points else "")
        + " The best mean is marked; where intervals overlap, it may be chance."
    )


def lead(overall: Scores, name: str, metric: Metric) -> str:
    """One sentence with each method's mean of a metric, of many methods the best; empty where nothing was measured."""
    means = {method: scores.get(name, NO_SCORE).mean for method, scores in overall.items()}
    known = [(method, mean) for method, mean in means.items() if mean is not None]
    about, which = f" ({metric.about})" if metric.about else "", ""
    if len(known) > ALL_IN_LEAD and metric.better is not None:
        ordered = sorted(known, key=lambda one: one[1], reverse=metric.better == "higher")
        known, which = ordered[:BEST_IN_LEAD], f", the best {BEST_IN_LEAD} of {len(known)} methods"
    told = [f"{method_label(method)} {metric.text(mean)}" for method, mean in known]
    return f"{metric.label}{about}{which}: {', '.join(told)}." if told else ""


def notes_of(metrics: dict[str, Metric]) -> list[tuple[str, str]]:
    """How the metrics were taken: labels of those that share a note, and the note."""
    notes: dict[str, list[str]] = {}
    for metric in metrics.values():
        if metric.note:
            notes.setdefault(metric.note, []).append(metric.label)
    return [(", ".join(labels), note) for note, labels in notes.items()]


def chart_of_all(overall: Scores, results: ExperimentResults, name: str, metric: Metric) -> Markup | None:
    """A metric, method by method; None where nothing was measured."""
    rows = []
    for place, (method, scores) in enumerate(overall.items()):
        each = [relation.methods[place].scores.get(name, NO_SCORE) for relation in results.relations]
        rows.append(HeadlineRow(method_label(method), scores.get(name, NO_SCORE), each))
    if all(row.overall.mean is None for row in rows):
        return None
    summary = ", ".join(f"{row.label} {metric.text(row.overall.mean)}" for row in rows)
    return headline_chart(metric, rows, f"{metric.label}: {summary}")


def paper_columns() -> list[str]:
    """Heads of the paper's columns."""
    return [
        f"{column.label}, lower is better" if column.better == "lower" else column.label
        for column in PAPER_COLUMNS.values()
    ]
