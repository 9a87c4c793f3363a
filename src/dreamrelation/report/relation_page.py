"""What the page shows of one relation."""

from dataclasses import dataclass
from statistics import median
from typing import Any

from markupsafe import Markup

from dreamrelation.report import curves
from dreamrelation.report.inputs import Measurement, Method, RelationResults, Video
from dreamrelation.report.measures import measure
from dreamrelation.report.media import Film, MediaFolder, clip_films, clip_masks
from dreamrelation.report.paper import method_label
from dreamrelation.report.score_tables import ScoreTable, score_table
from dreamrelation.settings.experiment import ExperimentSettings

UNMEASURED = Measurement(None, "")


@dataclass(frozen=True)
class Exemplar:
    """One clip of the data, as it is and with its masks."""

    clip: str
    caption: str
    plain: Film
    tinted: Film


@dataclass(frozen=True)
class VideoCell:
    """One generated video under its prompt."""

    film: Film
    label: str
    """For those who cannot see it."""
    seed: int
    seen: bool | None
    """Whether the judge sees the relation; None where nobody judged."""
    probability: str
    remarks: list[str]
    """What the judge saw, and why a measure could not be taken."""


@dataclass(frozen=True)
class MethodCurves:
    """A method's loss curves with their captions."""

    label: str
    charts: list[tuple[str, Markup]]


@dataclass(frozen=True)
class RelationPage:
    """One section of the page."""

    slug: str
    title: str
    action: str
    caption: str
    """The clips' caption where they share one, else empty."""
    exemplars: list[Exemplar]
    clip_count: int
    masks: str
    """Agreement with the true masks, in a sentence; empty where the truth is unknown."""
    rejections: list[dict[str, Any]]
    contact_sheet: str
    prompts: list[tuple[str, list[tuple[str, list[VideoCell]]]]]
    """Prompt → method label → its videos."""
    table: ScoreTable
    controls: list[str]
    curves: list[MethodCurves]


def relation_page(settings: ExperimentSettings, results: RelationResults, media: MediaFolder) -> RelationPage:
    """Put one relation's section together; writes its films and pictures."""
    slug = results.relation.slug
    captions = {row["caption"] for row in results.selection}
    return RelationPage(
        slug=slug,
        title=relation_title(slug),
        action=results.relation.label,
        caption=captions.pop() if len(captions) == 1 else "",
        exemplars=_exemplars(settings, results, media),
        clip_count=len(results.selection),
        masks=_agreement(results.masks),
        rejections=results.rejections,
        contact_sheet=media.copy_picture(results.contact_sheet, slug),
        prompts=_prompts(results, media),
        table=score_table({method.name: method.scores for method in results.methods}),
        controls=_controls(results.evaluation["controls"]),
        curves=[_curves(method) for method in results.methods if method.training is not None],
    )


def relation_title(slug: str) -> str:
    """Such as "Shaking hands"."""
    return slug.replace("_", " ").capitalize()


def _exemplars(settings: ExperimentSettings, results: RelationResults, media: MediaFolder) -> list[Exemplar]:
    """The first clips that have masks."""
    segmented = {row["clip"] for row in results.masks}
    rows = [row for row in results.selection if row["clip"] in segmented][: settings.report.exemplars]
    exemplars = []
    for row in rows:
        masks = clip_masks(results.masks, row["clip"], row["pixel_frames"])
        size = (settings.clips.height, settings.clips.width)
        plain, tinted = clip_films(media, row, masks, size, settings.generation.frames_per_second)
        exemplars.append(Exemplar(row["clip"], row["caption"], plain, tinted))
    return exemplars


def _agreement(rows: list[dict[str, Any]]) -> str:
    parts = []
    for subject in (1, 2):
        known = [row["truth_iou"] for row in rows if row["subject"] == subject and row["truth_iou"] is not None]
        if known:
            parts.append(f"{median(known):.3f} for subject {subject}")
    return f"Median intersection over union with the true masks: {' and '.join(parts)}." if parts else ""


def _prompts(results: RelationResults, media: MediaFolder) -> list[tuple[str, list[tuple[str, list[VideoCell]]]]]:
    rows = []
    for prompt in results.prompts:
        cells = []
        for method in results.methods:
            videos = [video for video in method.videos if video.row["prompt"] == prompt]
            videos.sort(key=lambda video: video.row["repeat"])
            cells.append((method_label(method.name), [_video_cell(method, video, media) for video in videos]))
        rows.append((prompt, cells))
    return rows


def _video_cell(method: Method, video: Video, media: MediaFolder) -> VideoCell:
    verdict = video.measurements.get("relation_accuracy", UNMEASURED)
    probability = video.measurements.get("relation_probability", UNMEASURED).value
    subjects = video.measurements.get("subject_accuracy", UNMEASURED)
    # A judge that sees the relation has nothing to add; where it does not, what it saw instead is telling.
    told = [verdict] if verdict.value == 0 else []
    told += [subjects] if subjects.value is not None else []
    missing = [(name, m.detail) for name, m in video.measurements.items() if m.value is None]
    return VideoCell(
        film=media.copy_film(video.path, f"{video.row['relation']}/{method.name}"),
        label=f"{method_label(method.name)}: {video.row['prompt']}",
        seed=video.row["seed"],
        seen=None if verdict.value is None else verdict.value >= 0.5,
        probability="" if probability is None else f"{probability:.2f}",
        remarks=[_short(m.detail) for m in told if m.detail]
        + [f"{measure(name).label} not measured: {detail}" for name, detail in missing],
    )


def _short(detail: str) -> str:
    """A judge's remark without its name, which follows a semicolon."""
    return detail.split(";")[0].replace("_", " ")


def _controls(controls: dict[str, Any] | None) -> list[str]:
    """In how many clips of known truth the judge sees the relation, as ends of a sentence."""
    text = measure("relation_accuracy").text
    parts = []
    for name, which in (("positive", "that show it"), ("negative", "that show another one")):
        control = (controls or {}).get(name)
        if control is not None and control["mean"] is not None:
            parts.append(f"{text(control['mean'])} of {control['count']} real clips {which}")
    return parts


def _curves(method: Method) -> MethodCurves:
    assert method.training is not None
    label = method_label(method.name)
    found = [
        ("Reconstruction", curves.reconstruction_chart(method.training, f"{label}: reconstruction loss")),
        ("Reconstruction by role", curves.roles_chart(method.training, f"{label}: reconstruction loss by role")),
        ("Contrast", curves.contrast_chart(method.training, f"{label}: contrastive loss")),
    ]
    return MethodCurves(label, [(caption, chart) for caption, chart in found if chart is not None])
