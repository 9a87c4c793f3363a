"""Everything that the pages show, read from the files of the stages before and checked against each other."""

from dataclasses import dataclass
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.relations import Relation
from dreamrelation.report.analysis_files import AnalysisFiles, find_analysis
from dreamrelation.report.comparison import Comparison, read_comparison
from dreamrelation.report.durations import Job, read_jobs
from dreamrelation.report.earlier_stages import existing
from dreamrelation.report.evaluation import Evaluation, read_evaluation
from dreamrelation.report.scores import MeanScore, Metric, Scores, averages_of
from dreamrelation.report.user_study import StudyFiles, find_study
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.tables.rows import (
    INDEX,
    MASKS,
    REJECTIONS,
    SCORES,
    SELECTION,
    TRAINING,
    VIDEOS,
    GeneratedVideo,
    IndexedClip,
    MaskRow,
    Rejection,
    SelectedClip,
    TrainingStep,
    VideoScore,
)


@dataclass(frozen=True)
class Video:
    """One generated video with its scores."""

    row: GeneratedVideo
    path: Path
    scores: dict[str, VideoScore]
    """By the metric's name; those of metrics that look at single videos."""


@dataclass(frozen=True)
class Method:
    """What one method made of one relation."""

    name: str
    training: list[TrainingStep]
    """Empty for a method that trains nothing."""
    videos: list[Video]
    scores: dict[str, MeanScore]


@dataclass(frozen=True)
class RelationResults:
    """Everything about one relation."""

    relation: Relation
    selection: list[SelectedClip]
    masks: list[MaskRow]
    rejections: list[Rejection]
    contact_sheet: Path
    evaluation: Evaluation
    methods: list[Method]

    @property
    def prompts(self) -> list[str]:
        """The prompts in the order in which they were generated."""
        return list(dict.fromkeys(video.row.prompt for video in self.methods[0].videos))

    @property
    def scores(self) -> Scores:
        """Means over a method's videos."""
        return {method.name: method.scores for method in self.methods}


@dataclass(frozen=True)
class ExperimentResults:
    """Everything about one experiment."""

    index: list[IndexedClip]
    relations: list[RelationResults]
    comparison: Comparison
    analysis: AnalysisFiles
    study: StudyFiles | None
    """None where people were not asked."""
    jobs: list[Job]
    """Those of which the time is known."""

    @property
    def metrics(self) -> dict[str, Metric]:
        """The same in all relations, in the experiment's order."""
        return self.relations[0].evaluation.metrics

    @property
    def confidence(self) -> float:
        """Level of all confidence intervals."""
        return self.relations[0].evaluation.confidence

    @property
    def overall(self) -> Scores:
        """Means over the relations: as compared; of metrics that were not, the average of the relations' means."""
        averages = averages_of([relation.scores for relation in self.relations])
        return {method: scores | self.comparison.means[method] for method, scores in averages.items()}


def read_results(settings: ExperimentSettings, results: Path) -> ExperimentResults:
    """Read `results/{experiment}`. Raises UserError that names a missing file, or two that do not fit together."""
    index = INDEX.read(results / "clips" / "index.parquet")
    selection = SELECTION.read(results / "clips" / "selection.parquet")
    relations = [_read_relation(settings, results, slug, selection) for slug in settings.relations]
    first = relations[0].evaluation
    for relation in relations[1:]:
        found = relation.evaluation
        if (found.metrics, found.confidence) != (first.metrics, first.confidence):
            raise UserError(
                f"{results / relation.relation.slug / 'evaluation.json'}: found other metrics than"
                f" {relations[0].relation.slug} has, expected the same; run the evaluate stage again"
            )
    averages = averages_of([relation.scores for relation in relations])
    comparison = read_comparison(results / "tables", averages, _comparable(relations))
    return ExperimentResults(
        index=index,
        relations=relations,
        comparison=comparison,
        analysis=find_analysis(settings, results),
        study=find_study(settings.experiment, results),
        jobs=read_jobs(results / "benchmarks", settings),
    )


def _comparable(relations: list[RelationResults]) -> list[str]:
    """The metrics of single videos that each method has a value of in each relation."""
    each = [scores for relation in relations for scores in relation.scores.values()]
    singles = [name for name, metric in relations[0].evaluation.metrics.items() if not metric.compares_sets]
    return [name for name in singles if all(scores[name].mean is not None for scores in each)]


def _read_relation(
    settings: ExperimentSettings, results: Path, slug: str, selection: list[SelectedClip]
) -> RelationResults:
    folder = results / slug
    clips = [clip for clip in selection if clip.relation == slug]
    if not clips:
        raise UserError(f"{results / 'clips' / 'selection.parquet'}: found no clip of {slug}, expected at least one")
    methods, metrics = list(settings.methods), list(settings.metrics)
    evaluation = read_evaluation(folder / "evaluation.json", slug, methods, metrics)
    return RelationResults(
        relation=settings.relation(slug),
        selection=clips,
        masks=MASKS.read(folder / "masks.parquet"),
        rejections=REJECTIONS.read(folder / "rejections.parquet"),
        contact_sheet=existing(folder / "masks.png"),
        evaluation=evaluation,
        methods=_read_methods(settings, folder, evaluation),
    )


def _read_methods(settings: ExperimentSettings, folder: Path, evaluation: Evaluation) -> list[Method]:
    metrics = [name for name, metric in evaluation.metrics.items() if not metric.compares_sets]
    methods = []
    for name in settings.methods:
        trained = name in settings.trained_methods
        training = TRAINING.read(folder / name / "training.parquet") if trained else []
        videos = _read_videos(folder / name, metrics)
        methods.append(Method(name, training, videos, evaluation.methods.get(name, {})))
    expected = _places(methods[0].videos)
    for method in methods[1:]:
        if _places(method.videos) != expected:
            raise UserError(
                f"{folder / method.name / 'videos.parquet'}: found other prompts or repeats than"
                f" {methods[0].name} has, expected the same {len(expected)}"
            )
    return methods


def _places(videos: list[Video]) -> set[tuple[str, int]]:
    return {(video.row.prompt, video.row.repeat) for video in videos}


def _read_videos(folder: Path, metrics: list[str]) -> list[Video]:
    rows = VIDEOS.read(folder / "videos.parquet")
    if not rows:
        raise UserError(f"{folder / 'videos.parquet'}: found no video, expected at least one")
    scores = {metric: _read_scores(folder / "scores" / f"{metric}.parquet", rows) for metric in metrics}
    return [
        Video(row, existing(folder / row.file), {metric: found[row.video] for metric, found in scores.items()})
        for row in rows
    ]


def _read_scores(path: Path, videos: list[GeneratedVideo]) -> dict[str, VideoScore]:
    """Video → its score."""
    scores = {row.video: row for row in SCORES.read(path)}
    for video in videos:
        if video.video not in scores:
            raise UserError(f"{path}: found no score of the video {video.video}, expected one")
    return scores
