"""The controls stage: one metric of real clips, whose truth is known.

Of the relation's own clips it should say that they show it, of those of other relations that they do not. A method's
score means little where the metric cannot tell these apart.
"""

from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.metrics.interface import VideoMetric, VideoSample
from dreamrelation.progress import progress
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.settings.stages import EvaluateStage
from dreamrelation.stages.evaluate import checked_score, describe, real_clip, reference_clips
from dreamrelation.tables.rows import CONTROLS, SELECTION, ControlScore


def run(
    *, settings: EvaluateStage, machine: MachineSettings, relation: str, metric: str, selection: Path, controls: Path
) -> None:
    """Write CONTROLS of the metric that the experiment calls `metric`: real clips, asked about `relation`.

    Raises UserError where no clip shows the relation, or the metric compares sets and so says nothing of one clip.
    """
    if settings.metric.compares_sets:
        raise UserError(f"metrics.{metric}: {settings.metric.kind} compares sets of videos, expected `controls: false`")
    selected = SELECTION.read(selection)
    # The relation comes first: without a clip of it the controls would say nothing.
    shown = dict.fromkeys([relation, *(clip.relation for clip in selected)])
    asked_about = {clip.clip for each in shown for clip in reference_clips(selection, each)}
    clips = [clip for clip in selected if clip.clip in asked_about]
    scorer = implementation_of(settings.metric)(settings.metric, machine)
    counted = progress(clips, len(clips), f"{metric} of real clips, for {relation}")
    rows = [_control(scorer, real_clip(clip, relation, settings.size), metric, clip.relation) for clip in counted]
    CONTROLS.write(controls, rows, describe(metric, scorer, settings.metric).metadata())


def _control(metric: VideoMetric, sample: VideoSample, name: str, shown: str) -> ControlScore:
    score = checked_score(metric, sample, name)
    return ControlScore(sample.name, shown, score.value, score.detail)
