"""Scores of one relation in a chart and in words: its headline, what metrics say of real clips, and what follows."""

from markupsafe import Markup

from dreamrelation.paper import method_label
from dreamrelation.report.charts import HeadlineRow, headline_chart
from dreamrelation.report.inputs import RelationResults
from dreamrelation.report.scores import NO_SCORE


def relation_chart(results: RelationResults) -> Markup | None:
    """The experiment's first metric, method by method; None where nothing was measured."""
    name = next(iter(results.evaluation.metrics), None)
    if name is None:
        return None
    metric = results.evaluation.metrics[name]
    rows = [
        HeadlineRow(method_label(method), scores.get(name, NO_SCORE), []) for method, scores in results.scores.items()
    ]
    if all(row.overall.mean is None for row in rows):
        return None
    summary = ", ".join(f"{row.label} {metric.text(row.overall.mean)}" for row in rows)
    return headline_chart(metric, rows, f"{metric.label}: {summary}")


def controls_in_words(results: RelationResults) -> list[str]:
    """Each metric's mean over real clips of known truth."""
    sentences = []
    for name, controls in results.evaluation.controls.items():
        metric = results.evaluation.metrics[name]
        parts = [
            f"{metric.text(score.mean)} over {score.count} {which}"
            for score, which in ((controls.positive, "that show it"), (controls.negative, "that show another one"))
            if score is not None and score.mean is not None
        ]
        if parts:
            sentences.append(f"{metric.label} is {' and '.join(parts)}.")
    return sentences


def corrections(results: RelationResults) -> list[tuple[str, list[str]]]:
    """A metric's label, and each method's share corrected for what the metric says of real clips."""
    found = []
    for name in results.evaluation.controls:
        metric, methods = results.evaluation.metrics[name], []
        for method, scores in results.scores.items():
            share = scores[name].corrected
            if share is None:
                continue
            limits = f" ({metric.text(share.low)} to {metric.text(share.high)})" if share.mean is not None else ""
            methods.append(f"{method_label(method)} {metric.text(share.mean)}{limits or f', as {share.reason}'}")
        if methods:
            found.append((metric.label, methods))
    return found
