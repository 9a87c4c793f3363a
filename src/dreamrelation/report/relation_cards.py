"""The relations on the overview: a still, the headline's metric by method, and how much room each takes."""

from dataclasses import dataclass

from dreamrelation.paper import method_label
from dreamrelation.report.inputs import RelationResults
from dreamrelation.report.media import PageVideo
from dreamrelation.report.relation_page import RelationPage
from dreamrelation.report.scores import NO_SCORE, best
from dreamrelation.report.sizes import size_text


@dataclass(frozen=True)
class CardValue:
    """What one method has of the headline's metric."""

    label: str
    text: str
    share: float | None
    """0 to 1, as long as its bar; None where the metric is no percentage, or was not measured."""
    best: bool


@dataclass(frozen=True)
class RelationCard:
    """One relation."""

    slug: str
    title: str
    action: str
    exemplar: PageVideo | None
    """Whose still is shown: the first clip's, so that nobody chooses."""
    values: list[CardValue]
    videos: int
    size: str


def relation_card(page: RelationPage, results: RelationResults, size: int) -> RelationCard:
    """`size`: bytes of the relation's pages and media."""
    return RelationCard(
        slug=page.slug,
        title=page.title,
        action=page.action,
        exemplar=page.exemplars[0].plain if page.exemplars else None,
        values=_values(results),
        videos=sum(len(method.videos) for method in results.methods),
        size=size_text(size),
    )


def _values(results: RelationResults) -> list[CardValue]:
    name = next(iter(results.evaluation.metrics), None)
    if name is None:
        return []
    metric = results.evaluation.metrics[name]
    means = {method: scores.get(name, NO_SCORE).mean for method, scores in results.scores.items()}
    winners = best(metric, means)
    return [
        CardValue(method_label(method), metric.text(mean), mean if metric.is_percent else None, method in winners)
        for method, mean in means.items()
    ]
