"""What the overview shows, put together for its template."""

from dreamrelation.report.accounted import accounted
from dreamrelation.report.confusions import confusion_tables
from dreamrelation.report.difference_table import difference_table
from dreamrelation.report.inputs import ExperimentResults
from dreamrelation.report.inside import inside
from dreamrelation.report.media import MediaFolder
from dreamrelation.report.overall_scores import (
    chart_of_all,
    confidence_text,
    lead,
    notes_of,
    overall_caption,
    paper_columns,
)
from dreamrelation.report.provenance import provenance
from dreamrelation.report.relation_cards import RelationCard
from dreamrelation.report.score_tables import paper_table, score_table
from dreamrelation.report.user_study import user_study
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.tables.rows import TRAIN


def index_page(
    settings: ExperimentSettings, results: ExperimentResults, cards: list[RelationCard], media: MediaFolder
) -> dict[str, object]:
    """All but the report's size, which is known last; pictures are copied."""
    overall, metrics = results.overall, results.metrics
    first = next(iter(metrics), None)
    return {
        "lead": "" if first is None else lead(overall, first, metrics[first]),
        "facts": _facts(settings, results),
        "cards": cards,
        "overall": score_table(overall, metrics),
        "overall_caption": overall_caption(results),
        "differences": difference_table(results.comparison, metrics),
        "headline": None if first is None else metrics[first],
        "chart": None if first is None else chart_of_all(overall, results, first, metrics[first]),
        "confidence_text": confidence_text(results),
        "notes": notes_of(metrics),
        "confusions": confusion_tables([(metric.label, metric.confusions) for metric in metrics.values()]),
        "paper": paper_table(overall, metrics),
        "paper_columns": paper_columns(),
        "papers_world": settings.report.papers_world,
        "study": user_study(results.study, media),
        "inside": inside(results.analysis, media),
        "feature_prompts": _feature_prompts(settings),
        "clips": accounted(results.index, settings.relations),
        "provenance": provenance(settings, results),
    }


def _feature_prompts(settings: ExperimentSettings) -> str:
    found = settings.analysis.feature_maps
    return "" if found is None else " and ".join(f"“{prompt}”" for prompt in found.prompts)


def _facts(settings: ExperimentSettings, results: ExperimentResults) -> list[tuple[str, str]]:
    clips = sum(clip.split == TRAIN for relation in results.relations for clip in relation.selection)
    videos = sum(len(method.videos) for relation in results.relations for method in relation.methods)
    return [
        (str(len(results.relations)), "relation" if len(results.relations) == 1 else "relations"),
        (str(clips), "exemplar clips"),
        (str(len(settings.methods)), "method" if len(settings.methods) == 1 else "methods"),
        (f"{videos:,}", "generated videos"),
    ]
