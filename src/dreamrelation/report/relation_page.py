"""What the page shows of one relation."""

from dataclasses import dataclass
from statistics import median

from markupsafe import Markup

from dreamrelation.paper import method_label
from dreamrelation.report.curves import loss_charts
from dreamrelation.report.exemplars import Exemplar, ReadClip, exemplars_of
from dreamrelation.report.inputs import Method, RelationResults
from dreamrelation.report.media import MediaFolder
from dreamrelation.report.score_tables import ScoreTable, score_table
from dreamrelation.report.video_cells import VideoCells
from dreamrelation.report.video_rows import Cases, MethodCells, prompt_row, shown_cases
from dreamrelation.settings.report import ReportSettings
from dreamrelation.tables.rows import TRAIN, MaskRow, Rejection, SelectedClip


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
    timing: str
    """How long the clips are, and whether they were resampled."""
    masks: str
    """Agreement with the true masks, in a sentence; empty where the truth is unknown."""
    rejections: list[Rejection]
    cases: Cases | None
    """None where no metric says yes or no of every method's video of a case."""
    prompts: list[tuple[str, MethodCells]]
    """Those that are shown in full."""
    prompt_count: int
    table: ScoreTable
    controls: list[str]
    """What metrics say of real clips, a sentence each."""
    corrections: list[tuple[str, list[str]]]
    """A metric's label, and each method's share corrected for what the metric says of real clips."""
    curves: list[MethodCurves]


def relation_page(
    settings: ReportSettings, results: RelationResults, media: MediaFolder, read_clip: ReadClip
) -> RelationPage:
    """Put one relation's section together; writes its videos and pictures."""
    slug = results.relation.slug
    learnt = [clip for clip in results.selection if clip.split == TRAIN]
    captions = {clip.caption for clip in learnt}
    cells = VideoCells(results.evaluation.metrics, media)
    return RelationPage(
        slug=slug,
        title=relation_title(slug),
        action=results.relation.label,
        caption=captions.pop() if len(captions) == 1 else "",
        exemplars=exemplars_of(learnt, results.masks, read_clip, settings.exemplars, media),
        clip_count=len(learnt),
        timing=timing(results.selection),
        masks=_agreement(results.masks),
        rejections=results.rejections,
        cases=shown_cases(results, cells),
        prompts=[(prompt, prompt_row(results, prompt, cells)) for prompt in results.prompts[: settings.prompts]],
        prompt_count=len(results.prompts),
        table=score_table(results.scores, results.evaluation.metrics),
        controls=_controls(results),
        corrections=_corrections(results),
        curves=[_curves(method) for method in results.methods if method.training],
    )


def relation_title(slug: str) -> str:
    """Such as "Shaking hands"."""
    return slug.replace("_", " ").capitalize()


def timing(selection: list[SelectedClip]) -> str:
    """Length and rate of a relation's clips, and which of them are shown at another rate than their own."""
    first = selection[0]
    rate, seconds = first.frames_per_second, (first.pixel_frames - 1) / first.frames_per_second
    length = f"{first.pixel_frames} frames at {rate:g} per second, {seconds:.1f} s"
    sources = [clip.source_frames_per_second for clip in selection if clip.resampled]
    if not sources:
        return f"{length}."
    low, high = f"{min(sources):.4g}", f"{max(sources):.4g}"
    spread = low if low == high else f"{low} to {high}"
    return (
        f"{length}; {len(sources)} of {len(selection)} were filmed at {spread} per second, of which the frames nearest"
        " in time are taken."
    )


def _agreement(rows: list[MaskRow]) -> str:
    parts = []
    for subject in (1, 2):
        known = [row.truth_iou for row in rows if row.subject == subject and row.truth_iou is not None]
        if known:
            parts.append(f"{median(known):.3f} for subject {subject}")
    return f"Median intersection over union with the true masks: {' and '.join(parts)}." if parts else ""


def _controls(results: RelationResults) -> list[str]:
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


def _corrections(results: RelationResults) -> list[tuple[str, list[str]]]:
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


def _curves(method: Method) -> MethodCurves:
    label = method_label(method.name)
    return MethodCurves(label, loss_charts(method.training, label))
