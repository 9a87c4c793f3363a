"""Which measures an experiment takes."""

from pathlib import Path

import torch

from dreamrelation.evaluation.clip import Clip
from dreamrelation.evaluation.clip_text import ClipText
from dreamrelation.evaluation.judge import Judge, JudgeFeatures
from dreamrelation.evaluation.measure import Measure
from dreamrelation.evaluation.motion import Motion
from dreamrelation.evaluation.relation_seen import RelationSeen
from dreamrelation.evaluation.subjects_seen import SubjectsSeen
from dreamrelation.evaluation.temporal_consistency import TemporalConsistency
from dreamrelation.settings.evaluation import EvaluationSettings


def build_measures(settings: EvaluationSettings, relation: str, device: torch.device) -> list[Measure]:
    """The measures, with their models loaded.

    Raises FileNotFoundError where a model is missing, and ValueError where the judge does not know the relation.
    """
    measures: list[Measure] = []
    judge = None
    if "puppet_classifier" in (settings.judge, settings.features):
        judge = Judge(Path(settings.judge_path))
    if settings.judge is not None and judge is not None:
        judge.check_relation(relation)
        measures += [RelationSeen(judge), SubjectsSeen(judge)]
    if settings.features == "puppet_classifier" and judge is not None:
        measures.append(TemporalConsistency(JudgeFeatures(judge)))
    else:
        clip = Clip(settings.clip_path, device, settings.clip_batch_size)
        measures += [TemporalConsistency(clip), ClipText(clip)]
    return [*measures, Motion()]
