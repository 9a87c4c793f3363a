"""The evaluate stage: one metric of one method's videos → its scores."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from dreamrelation.data.reading import read_frames
from dreamrelation.errors import UserError
from dreamrelation.files import file_sha256
from dreamrelation.metrics.description import Description
from dreamrelation.metrics.interface import Score, SetMetric, VideoMetric, VideoSample
from dreamrelation.progress import progress
from dreamrelation.relations import Relation
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.metrics import MetricSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.settings.stages import EvaluateStage, FrameSize
from dreamrelation.tables.rows import (
    HELD_OUT,
    SCORES,
    SELECTION,
    SET_SCORES,
    VIDEOS,
    GeneratedVideo,
    SelectedClip,
    SetScore,
    VideoScore,
)
from dreamrelation.video import decode

REAL_SUBJECTS = ("person", "person")
"""Who is seen in real clips."""


def run(
    *,
    settings: EvaluateStage,
    machine: MachineSettings,
    relation: str,
    method: str,
    metric: str,
    manifest: Path,
    videos: Path,
    selection: Path,
    answers: Path | None,
    scores: Path,
) -> None:
    """Write SCORES, or SET_SCORES for a metric that compares sets, of the metric that the experiment calls `metric`.

    `manifest` lists the videos, `videos` is the folder with their files. A metric that compares sets has for reference
    the clips of `selection` that show the relation; one whose answers are dear keeps them in the file `answers`, from
    which a stopped job goes on. Raises UserError where the manifest is of another relation or method, or a file is
    missing or not the one that it lists.
    """
    listed = _listed(manifest, relation, method)
    scorer = opened(settings, machine, answers)
    metadata = describe(metric, scorer, settings.metric).metadata()
    counted = progress(listed, len(listed), f"{metric} of {relation} by {method}")
    samples = (generated(row, videos, settings.relation) for row in counted)
    if settings.metric.compares_sets:
        reference = reference_clips(selection, relation)
        real = (real_clip(clip, settings.relation, settings.size) for clip in reference)
        found = scorer.compare(samples, real)
        _check_finite([found.value, found.low, found.high], f"the metric {metric}")
        count = len(reference) if found.reference_count is None else found.reference_count
        row = SetScore(found.value, found.low, found.high, len(listed), count, found.detail)
        SET_SCORES.write(scores, [row], metadata)
    else:
        SCORES.write(scores, [_video_score(scorer, sample, metric) for sample in samples], metadata)


def opened(settings: EvaluateStage, machine: MachineSettings, answers: Path | None) -> Any:
    """The metric, which keeps dear answers in the file `answers`, if there is one."""
    metric = implementation_of(settings.metric)(settings.metric, machine)
    keep = getattr(metric, "keep_answers_in", None)  # optional, see VideoMetric
    if keep is not None and answers is not None:
        keep(answers)
    return metric


def describe(name: str, metric: VideoMetric | SetMetric, settings: MetricSettings) -> Description:
    """What the scores' table tells of the metric."""
    confusions = tuple(getattr(metric, "confusions", ()))  # optional, see VideoMetric
    return Description(name, metric.info, metric.note, settings.compares_sets, confusions)


def checked_score(metric: VideoMetric, sample: VideoSample, name: str) -> Score:
    """The score of a sample. Raises ValueError where it is not what the metric says of itself."""
    score, what = metric.score(sample), f"the metric {name}, {sample.name}"
    _check_finite([score.value], what)
    if metric.info.is_share:
        _check_share(score, what)
    if score.confidence is not None and not 0 <= score.confidence <= 1:
        raise ValueError(f"{what}: found the confidence {score.confidence}, expected 0 to 1")
    return score


def _check_share(score: Score, what: str) -> None:
    """0 or 1, or the mean of several passes."""
    known = [value for value in score.passes if value is not None]
    expected = f"the mean of {len(known)} passes" if score.passes else "0 or 1"
    if score.value is None:
        fits = not known
    elif score.passes:
        fits = all(0 <= value <= 1 for value in known) and math.isclose(score.value, math.fsum(known) / len(known))
    else:
        fits = score.value in (0, 1)
    if not fits:
        raise ValueError(f"{what}: found the value {score.value}, expected {expected}, as of a share")


def _check_finite(numbers: list[float | None], what: str) -> None:
    for number in numbers:
        if number is not None and not math.isfinite(number):
            raise ValueError(f"{what}: found the value {number}, expected a finite one, or none and the reason")


def _video_score(metric: VideoMetric, sample: VideoSample, name: str) -> VideoScore:
    score = checked_score(metric, sample, name)
    return VideoScore(sample.name, sample.prompt, score.value, score.confidence, score.detail, score.passes)


def _listed(manifest: Path, relation: str, method: str) -> list[GeneratedVideo]:
    listed = VIDEOS.read(manifest)
    if not listed:
        raise UserError(f"{manifest}: found no video, expected at least one")
    for row in listed:
        if (row.relation, row.method) != (relation, method):
            raise UserError(
                f"{manifest}: found {row.video} of {row.relation} by {row.method}, expected {relation} by {method}"
            )
    return listed


def generated(row: GeneratedVideo, videos: Path, relation: Relation) -> VideoSample:
    """A generated video of `relation`, whose file lies in the folder `videos`.

    Raises UserError where there is no such file, or its content or its shape is not what the manifest says.
    """
    path = videos / Path(row.file).name
    if not path.is_file():
        raise UserError(f"{path}: no such video, expected it from the manifest")
    found = file_sha256(path)
    if found != row.sha256:
        raise UserError(f"{path}: found a file with the SHA-256 {found[:12]}…, expected {row.sha256[:12]}…")
    frames = np.stack(list(decode(path)))
    expected = (row.pixel_frames, row.height, row.width, 3)
    if frames.shape != expected:
        raise UserError(f"{path}: found frames {frames.shape}, expected {expected}")
    return VideoSample(row.video, frames, row.prompt, relation, (row.subject1, row.subject2))


def reference_clips(selection: Path, relation: str) -> list[SelectedClip]:
    """The real clips of a relation that metrics are asked about: those held out, or, where there are none, all.

    Raises UserError where no clip shows the relation.
    """
    clips = [clip for clip in SELECTION.read(selection) if clip.relation == relation]
    if not clips:
        raise UserError(f"{selection}: found no clip of {relation}, expected at least one")
    return [clip for clip in clips if clip.split == HELD_OUT] or clips


def real_clip(clip: SelectedClip, relation: Relation, size: FrameSize) -> VideoSample:
    """A selected clip at the size that the model sees, as a sample that a metric is asked about for `relation`."""
    frames = read_frames(clip, size.height, size.width)
    return VideoSample(clip.clip, frames, clip.caption, relation, REAL_SUBJECTS)
