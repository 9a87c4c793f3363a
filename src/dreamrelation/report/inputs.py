"""Everything that the page shows, read from the files of the stages before and checked against each other."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dreamrelation import tables
from dreamrelation.relations import RELATIONS, Relation
from dreamrelation.report.measures import Score
from dreamrelation.settings.experiment import ExperimentSettings


@dataclass(frozen=True)
class Measurement:
    """One measure of one video."""

    value: float | None
    """None where it could not be taken."""
    detail: str


@dataclass(frozen=True)
class Video:
    """One generated video with what was measured on it."""

    row: dict[str, Any]
    """Its row of `tables.VIDEOS`."""
    path: Path
    measurements: dict[str, Measurement]


@dataclass(frozen=True)
class Method:
    """What one method made of one relation."""

    name: str
    training: dict[str, list[Any]] | None
    """Columns of `tables.TRAINING`; None for a method without adapters."""
    videos: list[Video]
    scores: dict[str, Score]


@dataclass(frozen=True)
class RelationResults:
    """Everything about one relation."""

    relation: Relation
    selection: list[dict[str, Any]]
    """Rows of `tables.SELECTION`."""
    masks: list[dict[str, Any]]
    """Rows of `tables.MASKS`."""
    rejections: list[dict[str, Any]]
    """Rows of `tables.REJECTIONS`."""
    contact_sheet: Path
    evaluation: dict[str, Any]
    """`evaluation.json` as it is."""
    methods: list[Method]

    @property
    def prompts(self) -> list[str]:
        """The prompts in the order in which they were generated."""
        return list(dict.fromkeys(video.row["prompt"] for video in self.methods[0].videos))


@dataclass(frozen=True)
class ExperimentResults:
    """Everything about one experiment."""

    index: list[dict[str, Any]]
    """Rows of `tables.INDEX`."""
    relations: list[RelationResults]


def read_results(settings: ExperimentSettings, results: Path) -> ExperimentResults:
    """Read `results/{experiment}`.

    Raises FileNotFoundError that names a missing file, or ValueError where two files do not fit together.
    """
    index = tables.read(results / "clips" / "index.parquet", tables.INDEX).to_pylist()
    selection = tables.read(results / "clips" / "selection.parquet", tables.SELECTION).to_pylist()
    return ExperimentResults(index, [_read_relation(settings, results, slug, selection) for slug in settings.relations])


def _read_relation(
    settings: ExperimentSettings, results: Path, slug: str, selection: list[dict[str, Any]]
) -> RelationResults:
    folder = results / slug
    rows = [row for row in selection if row["relation"] == slug]
    if not rows:
        raise ValueError(f"{results / 'clips' / 'selection.parquet'}: found no clip of {slug}, expected at least one")
    evaluation = _read_evaluation(folder / "evaluation.json", slug, list(settings.methods))
    return RelationResults(
        relation=RELATIONS[slug],
        selection=rows,
        masks=tables.read(folder / "masks.parquet", tables.MASKS).to_pylist(),
        rejections=tables.read(folder / "rejections.parquet", tables.REJECTIONS).to_pylist(),
        contact_sheet=_existing(folder / "masks.png"),
        evaluation=evaluation,
        methods=_read_methods(settings, folder, evaluation),
    )


def _read_methods(settings: ExperimentSettings, folder: Path, evaluation: dict[str, Any]) -> list[Method]:
    methods = []
    for name in settings.methods:
        training = None
        if settings.method(name).trains:
            training = tables.read(folder / name / "training.parquet", tables.TRAINING).to_pydict()
        scores = {metric: Score.from_json(numbers) for metric, numbers in evaluation["methods"][name].items()}
        methods.append(Method(name, training, _read_videos(folder / name), scores))
    expected = _places(methods[0].videos)
    for method in methods[1:]:
        if _places(method.videos) != expected:
            raise ValueError(
                f"{folder / method.name / 'videos.parquet'}: found other prompts or repeats than"
                f" {methods[0].name} has, expected the same {len(expected)}"
            )
    return methods


def _places(videos: list[Video]) -> set[tuple[str, int]]:
    return {(video.row["prompt"], video.row["repeat"]) for video in videos}


def _read_videos(folder: Path) -> list[Video]:
    scores_path = folder / "scores.parquet"
    measurements: dict[str, dict[str, Measurement]] = {}
    for row in tables.read(scores_path, tables.SCORES).to_pylist():
        measurements.setdefault(row["video"], {})[row["metric"]] = Measurement(row["value"], row["detail"])
    videos = []
    for row in tables.read(folder / "videos.parquet", tables.VIDEOS).to_pylist():
        if row["video"] not in measurements:
            raise ValueError(f"{scores_path}: found no score of the video {row['video']}, expected at least one")
        videos.append(Video(row, _existing(folder / row["file"]), measurements[row["video"]]))
    if not videos:
        raise ValueError(f"{folder / 'videos.parquet'}: found no video, expected at least one")
    return videos


def _read_evaluation(path: Path, slug: str, methods: list[str]) -> dict[str, Any]:
    try:
        evaluation = json.loads(_existing(path).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not valid JSON: {error}") from None
    lacking = {"experiment", "relation", "seed", "judge", "confidence", "controls", "methods"} - set(evaluation)
    if lacking:
        raise ValueError(f"{path}: found no {', '.join(sorted(lacking))}, expected the output of evaluate")
    if evaluation["relation"] != slug:
        raise ValueError(f"{path}: found the relation {evaluation['relation']!r}, expected {slug!r}")
    unknown = [name for name in methods if name not in evaluation["methods"]]
    if unknown:
        raise ValueError(f"{path}: found no scores of {unknown[0]}, expected those of {', '.join(methods)}")
    return evaluation


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file, expected it from an earlier stage")
    return path
