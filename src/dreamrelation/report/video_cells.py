"""What the page says under a generated video."""

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from dreamrelation.paper import method_label
from dreamrelation.report.inputs import Video
from dreamrelation.report.media import MediaFolder, PageVideo
from dreamrelation.report.scores import Metric
from dreamrelation.tables.rows import VideoScore


@dataclass(frozen=True)
class Verdict:
    """The answer of a metric that says yes or no."""

    label: str
    """The metric's."""
    yes: bool | None
    """None where it has no answer."""
    confidence: str
    """Empty where the metric does not tell."""
    remark: str
    """What the metric saw."""


@dataclass(frozen=True)
class Reading:
    """What another metric says."""

    label: str
    text: str
    """Its value, as written."""
    detail: str


@dataclass(frozen=True)
class VideoCell:
    """One generated video under its prompt."""

    video: PageVideo
    label: str
    """For those who cannot see it."""
    seed: int
    file: str
    sha256: str
    verdict: Verdict | None
    """None where no metric says yes or no."""
    missing: list[str]
    """Why a metric has no value."""
    readings: list[Reading]


def verdict_metric(metrics: dict[str, Metric]) -> str | None:
    """The first metric that says yes or no of a single video."""
    return next((name for name, metric in metrics.items() if metric.is_share and not metric.compares_sets), None)


class VideoCells:
    """The cells of one relation's videos: a video is copied to the report where it is first shown, and only then."""

    def __init__(self, metrics: dict[str, Metric], media: MediaFolder) -> None:
        self.metrics, self.media = metrics, media
        self.made: dict[Path, VideoCell] = {}

    def prepare(self, wanted: list[tuple[str, Video]], workers: Executor) -> None:
        """Make the cells of some methods' videos beside each other."""

        def made(one: tuple[str, Video]) -> VideoCell:
            return _video_cell(*one, self.metrics, self.media)

        cells = workers.map(made, wanted)
        self.made |= {video.path: cell for (_, video), cell in zip(wanted, cells, strict=True)}

    def of(self, method: str, video: Video) -> VideoCell:
        """The cell of a method's video, the same each time."""
        if video.path not in self.made:
            self.made[video.path] = _video_cell(method, video, self.metrics, self.media)
        return self.made[video.path]


def _video_cell(method: str, video: Video, metrics: dict[str, Metric], media: MediaFolder) -> VideoCell:
    chosen = verdict_metric(metrics)
    others = {name: score for name, score in video.scores.items() if name != chosen}
    return VideoCell(
        video=media.copy_video(video.path, video.row.sha256, f"{video.row.relation}/{method}"),
        label=f"{method_label(method)}: {video.row.prompt}",
        seed=video.row.seed,
        file=video.path.name,
        sha256=video.row.sha256,
        verdict=None if chosen is None else _verdict(metrics[chosen], video.scores[chosen]),
        missing=[
            f"{metrics[name].label} not measured: {score.detail}"
            for name, score in video.scores.items()
            if score.value is None
        ],
        readings=[_reading(metrics[name], score) for name, score in others.items() if score.value is not None],
    )


def _verdict(metric: Metric, score: VideoScore) -> Verdict:
    if score.value is None:
        return Verdict(metric.label, None, "", "")
    # What was seen comes first in a detail; how it was taken follows a semicolon.
    return Verdict(metric.label, score.value > 0.5, _confidence(score), score.detail.split(";")[0])


def _reading(metric: Metric, score: VideoScore) -> Reading:
    said_yes = score.value is not None and score.value > 0.5
    value = ("yes" if said_yes else "no") if metric.is_share else metric.text(score.value)
    confidence = _confidence(score)
    return Reading(metric.label, f"{value} ({confidence})" if confidence else value, score.detail)


def _confidence(score: VideoScore) -> str:
    """Of a yes: the metric's own, or the share of its passes that said yes."""
    found = score.value if score.confidence is None and score.passes else score.confidence
    return "" if found is None else f"{found:.2f}"
