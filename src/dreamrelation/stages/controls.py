"""The controls stage: one metric of real clips, whose truth is known.

Of the relation's own clips it should say that they show it, of those of other relations that they do not. A method's
score means little where the metric cannot tell these apart.
"""

from itertools import zip_longest
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.metrics.interface import VideoMetric, VideoSample
from dreamrelation.progress import progress
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.stages import EvaluateStage
from dreamrelation.stages.evaluate import checked_score, describe, opened, real_clip, reference_clips
from dreamrelation.tables.rows import CONTROLS, SELECTION, ControlScore, SelectedClip


def run(
    *,
    settings: EvaluateStage,
    machine: MachineSettings,
    relation: str,
    metric: str,
    selection: Path,
    answers: Path | None,
    controls: Path,
) -> None:
    """Write CONTROLS of the metric that the experiment calls `metric`: real clips, asked about `relation`.

    `answers` is for a metric whose answers are dear, as in the evaluate stage. Raises UserError where no clip shows the
    relation, or the metric compares sets and so says nothing of one clip.
    """
    if settings.metric.compares_sets:
        raise UserError(f"metrics.{metric}: {settings.metric.kind} compares sets of videos, expected `controls: false`")
    clips = control_clips(selection, relation, settings.metric.other_controls)
    scorer = opened(settings, machine, answers)
    counted = progress(clips, len(clips), f"{metric} of real clips, for {relation}")
    rows = [
        _control(scorer, real_clip(clip, settings.relation, settings.size), metric, clip.relation) for clip in counted
    ]
    CONTROLS.write(controls, rows, describe(metric, scorer, settings.metric).metadata())


def control_clips(selection: Path, relation: str, others: int | None) -> list[SelectedClip]:
    """The clips that the metric is asked about, in the order in which they were selected.

    All reference clips of the relation, and at most `others` of other relations: the first of each, then the second of
    each, and so on. Raises UserError where no clip shows the relation.
    """
    own = reference_clips(selection, relation)
    selected = SELECTION.read(selection)
    of_others = [reference_clips(selection, each) for each in dict.fromkeys(c.relation for c in selected)]
    rounds = zip_longest(*(clips for clips in of_others if clips[0].relation != relation))
    asked_about = own + [clip for clips in rounds for clip in clips if clip is not None][:others]
    names = {clip.clip for clip in asked_about}
    return [clip for clip in selected if clip.clip in names]


def _control(metric: VideoMetric, sample: VideoSample, name: str, shown: str) -> ControlScore:
    score = checked_score(metric, sample, name)
    return ControlScore(sample.name, shown, score.value, score.detail, score.passes)
