"""What stands on the page, put together for its template."""

import platform
from collections import Counter
from dataclasses import dataclass
from importlib import metadata

import yaml
from markupsafe import Markup

from dreamrelation import pages
from dreamrelation.pages.templates import environment, text_of
from dreamrelation.paper import COLUMNS as PAPER_COLUMNS
from dreamrelation.paper import method_label
from dreamrelation.report import templates
from dreamrelation.report.charts import HeadlineRow, headline_chart
from dreamrelation.report.confusions import confusion_tables
from dreamrelation.report.difference_table import difference_table
from dreamrelation.report.exemplars import ReadClip
from dreamrelation.report.inputs import ExperimentResults
from dreamrelation.report.inside import inside
from dreamrelation.report.media import MediaFolder
from dreamrelation.report.quality import COLUMNS, quality_of
from dreamrelation.report.relation_page import relation_page, relation_title
from dreamrelation.report.score_tables import paper_table, score_table
from dreamrelation.report.scores import NO_SCORE, Metric, Scores
from dreamrelation.report.video_cells import verdict_metric
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.tables.rows import TRAIN, cause

LIBRARIES = (
    "torch",
    "diffusers",
    "transformers",
    "peft",
    "accelerate",
    "pyarrow",
    "av",
    "opencv-python-headless",
    "snakemake",
)
POINTS = "Where all videos agree, the limits fall together and say too much; those of the single relations do not."
"""What was seen in each of a few videos need not be in all: a bootstrap cannot tell, Wilson's interval can."""
VERDICTS = ("selected", "held out", "spare", "refused")


def render(
    settings: ExperimentSettings, results: ExperimentResults, media: MediaFolder, read_clip: ReadClip
) -> dict[str, str]:
    """File name → HTML of the page and of that about the clips' quality; videos and pictures are written to `media`."""
    found = environment(templates)
    overall, metrics = results.overall, results.metrics
    first, judging = next(iter(metrics), None), verdict_metric(metrics)
    style = text_of(pages, "base.css") + text_of(templates, "report.css")
    shared = {"settings": settings, "style": style, "script": text_of(pages, "player.js")}
    context = {
        "lead": "" if first is None else _lead(overall, first, metrics[first]),
        "facts": _facts(settings, results),
        "overall": score_table(overall, metrics),
        "overall_caption": _overall_caption(results),
        "differences": difference_table(results.comparison, metrics),
        "headline": None if first is None else metrics[first],
        "chart": None if first is None else _chart(overall, results, first, metrics[first]),
        "confidence_text": _confidence_text(results),
        "notes": _notes(metrics),
        "confusions": confusion_tables([(metric.label, metric.confusions) for metric in metrics.values()]),
        "verdict": None if judging is None else metrics[judging],
        "paper": paper_table(overall, metrics),
        "paper_columns": [
            f"{column.label}, lower is better" if column.better == "lower" else column.label
            for column in PAPER_COLUMNS.values()
        ],
        "relations": [relation_page(settings.report, relation, media, read_clip) for relation in results.relations],
        "inside": inside(results.analysis, {slug: relation_title(slug) for slug in settings.relations}, media),
        "feature_prompts": _feature_prompts(settings),
        "clips": _accounted(settings, results),
        "settings_yaml": _settings_yaml(settings),
        "versions": [("Python", platform.python_version()), *((name, _version(name)) for name in LIBRARIES)],
    }
    quality = {"relations": quality_of(results, media, read_clip), "columns": COLUMNS}
    return {
        "index.html": found.get_template("page.html.j2").render(shared | context),
        "quality.html": found.get_template("quality.html.j2").render(shared | quality),
    }


def _feature_prompts(settings: ExperimentSettings) -> str:
    found = settings.analysis.feature_maps
    return "" if found is None else " and ".join(f"“{prompt}”" for prompt in found.prompts)


def _confidence_text(results: ExperimentResults) -> str:
    return f"{100 * results.confidence:g}%"


def _overall_caption(results: ExperimentResults) -> str:
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
        f" {_confidence_text(results)} confidence interval{how}{others}."
        + (f" {POINTS}" if points else "")
        + " The best mean is marked; where intervals overlap, it may be chance."
    )


def _lead(overall: Scores, name: str, metric: Metric) -> str:
    """One sentence with each method's mean of a metric; empty where nothing was measured."""
    means = {method: scores.get(name, NO_SCORE).mean for method, scores in overall.items()}
    known = [f"{method_label(method)} {metric.text(mean)}" for method, mean in means.items() if mean is not None]
    about = f" ({metric.about})" if metric.about else ""
    return f"{metric.label}{about}: {', '.join(known)}." if known else ""


def _notes(metrics: dict[str, Metric]) -> list[tuple[str, str]]:
    """How the metrics were taken: labels of those that share a note, and the note."""
    notes: dict[str, list[str]] = {}
    for metric in metrics.values():
        if metric.note:
            notes.setdefault(metric.note, []).append(metric.label)
    return [(", ".join(labels), note) for note, labels in notes.items()]


def _facts(settings: ExperimentSettings, results: ExperimentResults) -> list[tuple[str, str]]:
    clips = sum(clip.split == TRAIN for relation in results.relations for clip in relation.selection)
    videos = sum(len(method.videos) for relation in results.relations for method in relation.methods)
    return [
        (str(len(results.relations)), "relation" if len(results.relations) == 1 else "relations"),
        (str(clips), "exemplar clips"),
        (str(len(settings.methods)), "method" if len(settings.methods) == 1 else "methods"),
        (str(videos), "generated videos"),
    ]


def _chart(overall: Scores, results: ExperimentResults, name: str, metric: Metric) -> Markup | None:
    """A metric, method by method; None where nothing was measured."""
    rows = []
    for place, (method, scores) in enumerate(overall.items()):
        each = [relation.methods[place].scores.get(name, NO_SCORE) for relation in results.relations]
        rows.append(HeadlineRow(method_label(method), scores.get(name, NO_SCORE), each))
    if all(row.overall.mean is None for row in rows):
        return None
    summary = ", ".join(f"{row.label} {metric.text(row.overall.mean)}" for row in rows)
    return headline_chart(metric, rows, f"{metric.label}: {summary}")


@dataclass(frozen=True)
class Accounted:
    """The clips that were found, by what became of them."""

    columns: list[str]
    rows: list[tuple[str, str, list[int], int]]
    """Verdict, cause, number per column, sum."""
    totals: list[int]


def _accounted(settings: ExperimentSettings, results: ExperimentResults) -> Accounted:
    """Refusals are counted by their short cause; clips of no asked relation stand in a column of their own."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in results.index:
        place = row.relation if row.relation in settings.relations else ""
        counts.setdefault((row.verdict, cause(row.reason)), Counter())[place] += 1
    places = list(settings.relations)
    if any("" in counter for counter in counts.values()):
        places.append("")

    def order(key: tuple[str, str]) -> tuple[int, int, str]:
        known = VERDICTS.index(key[0]) if key[0] in VERDICTS else len(VERDICTS)
        return known, -counts[key].total(), key[1]

    rows = [(*key, [counts[key][place] for place in places], counts[key].total()) for key in sorted(counts, key=order)]
    titles = [relation_title(place) if place else "Other" for place in places]
    totals = [sum(counter[place] for counter in counts.values()) for place in places]
    return Accounted(titles, rows, [*totals, len(results.index)])


def _settings_yaml(settings: ExperimentSettings) -> str:
    """All that decides what is made; where it was made is no part of it."""
    content = settings.model_dump(mode="json", exclude={"machine"})
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"
