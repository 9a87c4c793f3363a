"""What stands on the page, put together for its template."""

import platform
from collections import Counter
from dataclasses import dataclass
from importlib import metadata, resources
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dreamrelation.clips.refusal import cause
from dreamrelation.report.charts import AccuracyRow, accuracy_chart
from dreamrelation.report.inputs import ExperimentResults
from dreamrelation.report.measures import NO_SCORE, averaged, measure
from dreamrelation.report.media import MediaFolder
from dreamrelation.report.paper import method_label
from dreamrelation.report.relation_page import relation_page, relation_title
from dreamrelation.report.score_tables import Scores, paper_table, score_table
from dreamrelation.settings.experiment import ExperimentSettings

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
VERDICTS = ("selected", "spare", "refused")


def render(settings: ExperimentSettings, results: ExperimentResults, media: MediaFolder) -> str:
    """The page as HTML; its films and pictures are written to `media`."""
    environment = Environment(
        loader=PackageLoader("dreamrelation", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    overall = overall_scores(results)
    context = {
        "settings": settings,
        "style": _own_file("page.css"),
        "script": _own_file("player.js"),
        "method_labels": [method_label(name) for name in settings.methods],
        "lead": _lead(overall),
        "facts": _facts(settings, results),
        "overall": score_table(overall),
        "chart": _chart(overall, results),
        "confidence_text": f"{100 * results.relations[0].evaluation['confidence']:g}%",
        "judge": _judge(results.relations[0].evaluation["judge"]),
        "paper": paper_table(overall),
        "relations": [relation_page(settings, relation, media) for relation in results.relations],
        "clips": _accounted(settings, results),
        "settings_yaml": yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True),
        "versions": [("Python", platform.python_version()), *((name, _version(name)) for name in LIBRARIES)],
    }
    return environment.get_template("page.html.j2").render(context)


def overall_scores(results: ExperimentResults) -> Scores:
    """The average over the relations of each method's scores."""
    scores: Scores = {}
    for place, method in enumerate(results.relations[0].methods):
        each = [relation.methods[place].scores for relation in results.relations]
        names = {name for of_relation in each for name in of_relation}
        scores[method.name] = {name: averaged([one.get(name, NO_SCORE) for one in each]) for name in names}
    return scores


def _lead(overall: Scores) -> str:
    """One sentence that says how often each method shows the relation; empty where nobody judged."""
    accuracy = {method: scores.get("relation_accuracy", NO_SCORE) for method, scores in overall.items()}
    judged = {method: score for method, score in accuracy.items() if score.mean is not None}
    if not judged:
        return ""
    text = measure("relation_accuracy").text
    shares = ", ".join(f"{method_label(method)} {text(score.mean)}" for method, score in judged.items())
    return f"Videos in which the judge sees the relation: {shares}."


def _judge(judge: dict[str, Any] | None) -> str:
    """Who judged and how well it does on clips that it has not seen, in a sentence or two; empty for nobody.

    The held-out accuracy holds shares, shares by class, and the number of clips.
    """
    if judge is None:
        return ""
    accuracy, text = judge["held_out_accuracy"], measure("relation_accuracy").text
    shares = [f"{name.replace('_', ' ')} {text(share)}" for name, share in accuracy.items() if isinstance(share, float)]
    of_classes = {
        name: share for shares in accuracy.values() if isinstance(shares, dict) for name, share in shares.items()
    }
    sentences = [f"Judge: {judge['name'].replace('_', ' ')}."]
    if shares:
        clips = f"{accuracy['clips']} clips" if "clips" in accuracy else "clips"
        sentences.append(f"Its accuracy on {clips} that it has not seen: {', '.join(shares)}.")
    if of_classes:
        worst = min(of_classes, key=lambda name: of_classes[name])
        sentences.append(f"It is weakest on {worst.replace('_', ' ')}, {text(of_classes[worst])}.")
    return " ".join(sentences)


def _facts(settings: ExperimentSettings, results: ExperimentResults) -> list[tuple[str, str]]:
    clips = sum(len(relation.selection) for relation in results.relations)
    videos = sum(len(method.videos) for relation in results.relations for method in relation.methods)
    return [
        (str(len(results.relations)), "relation" if len(results.relations) == 1 else "relations"),
        (str(clips), "exemplar clips"),
        (str(len(settings.methods)), "method" if len(settings.methods) == 1 else "methods"),
        (str(videos), "generated videos"),
    ]


def _chart(overall: Scores, results: ExperimentResults) -> Markup | None:
    rows = []
    for place, (name, scores) in enumerate(overall.items()):
        each = [relation.methods[place].scores.get("relation_accuracy", NO_SCORE) for relation in results.relations]
        rows.append(AccuracyRow(method_label(name), scores.get("relation_accuracy", NO_SCORE), each))
    if all(row.overall.mean is None for row in rows):
        return None
    summary = ", ".join(f"{row.label} {measure('relation_accuracy').text(row.overall.mean)}" for row in rows)
    return accuracy_chart(rows, f"Relation accuracy: {summary}")


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
        place = row["relation"] if row["relation"] in settings.relations else ""
        counts.setdefault((row["verdict"], cause(row["reason"])), Counter())[place] += 1
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


def _own_file(name: str) -> Markup:
    return Markup(resources.files("dreamrelation.report").joinpath(name).read_text(encoding="utf-8"))


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"
