"""What the page of one relation shows."""

from concurrent.futures import Executor
from dataclasses import dataclass
from statistics import median

from markupsafe import Markup

from dreamrelation.paper import OURS, method_label
from dreamrelation.report.clip_videos import ClipVideos
from dreamrelation.report.curves import loss_charts
from dreamrelation.report.exemplars import Exemplar, exemplars_of
from dreamrelation.report.inputs import ExperimentResults, Method, RelationResults
from dreamrelation.report.inside_relation import InsideRelation, inside_relation
from dreamrelation.report.made_by import MadeBy, made_by
from dreamrelation.report.media import MediaFolder
from dreamrelation.report.relation_scores import controls_in_words, corrections, relation_chart
from dreamrelation.report.score_tables import ScoreTable, score_table
from dreamrelation.report.titles import relation_title
from dreamrelation.report.video_cells import VideoCells
from dreamrelation.report.video_rows import Cases, Choice, choices, shown_cases
from dreamrelation.settings.report import ReportSettings
from dreamrelation.tables.rows import TRAIN, MaskRow, Rejection, SelectedClip


@dataclass(frozen=True)
class MethodCurves:
    """A method's loss curves with their captions."""

    label: str
    charts: list[tuple[str, Markup]]


@dataclass(frozen=True)
class RelationPage:
    """One relation."""

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
    methods: list[tuple[str, str]]
    """Name and label."""
    cases: Cases | None
    """None where no metric says yes or no of every method's video of a case."""
    choices: list[Choice]
    """The prompts and seeds that can be chosen; one of each method is shown at a time."""
    prompt_count: int
    """Of all prompts, of which some may not be there to choose."""
    chart: Markup | None
    table: ScoreTable
    controls: list[str]
    """What metrics say of real clips, a sentence each."""
    corrections: list[tuple[str, list[str]]]
    """A metric's label, and each method's share corrected for what the metric says of real clips."""
    curves: list[MethodCurves]
    inside: InsideRelation
    made_by: list[MadeBy]

    @property
    def compared(self) -> tuple[str, str]:
        """The two methods that are compared first: the first one and the paper's, or the last."""
        names = [name for name, _ in self.methods]
        return names[0], OURS if OURS in names else names[-1]

    @property
    def prompts(self) -> list[str]:
        """Those that can be chosen."""
        return list(dict.fromkeys(choice.prompt for choice in self.choices))


def relation_page(
    settings: ReportSettings,
    results: RelationResults,
    experiment: ExperimentResults,
    clips: dict[str, ClipVideos],
    media: MediaFolder,
    workers: Executor,
) -> RelationPage:
    """Put one relation's page together; copies its generated videos and pictures. `clips`: the videos of its clips."""
    slug, title = results.relation.slug, relation_title(results.relation.slug)
    learnt = [clip for clip in results.selection if clip.split == TRAIN]
    captions = {clip.caption for clip in learnt}
    prompts = results.prompts[: settings.prompts]
    cells = VideoCells(results.evaluation.metrics, media)
    made = [(method.name, video) for method in results.methods for video in method.videos]
    cells.prepare([(method, video) for method, video in made if video.row.prompt in prompts], workers)
    return RelationPage(
        slug=slug,
        title=title,
        action=results.relation.label,
        caption=captions.pop() if len(captions) == 1 else "",
        exemplars=exemplars_of(learnt, clips),
        clip_count=len(learnt),
        timing=timing(results.selection),
        masks=_agreement(results.masks),
        rejections=results.rejections,
        methods=[(method.name, method_label(method.name)) for method in results.methods],
        cases=shown_cases(results, cells),
        choices=choices(results, prompts, cells),
        prompt_count=len(results.prompts),
        chart=relation_chart(results),
        table=score_table(results.scores, results.evaluation.metrics),
        controls=controls_in_words(results),
        corrections=corrections(results),
        curves=[_curves(method) for method in results.methods if method.training],
        inside=inside_relation(experiment.analysis, slug, title, media),
        made_by=made_by(results, experiment.jobs),
    )


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


def _curves(method: Method) -> MethodCurves:
    label = method_label(method.name)
    return MethodCurves(label, loss_charts(method.training, label))
