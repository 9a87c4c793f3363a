"""Every stage and its slice of the settings."""

from dreamrelation.settings.analysis_stages import (
    AttentionStage,
    FeatureMapsStage,
    LearnedStage,
    StrengthStage,
    SubspacesStage,
)
from dreamrelation.settings.stages import (
    CaptionsStage,
    ClipsStage,
    EvaluateStage,
    ExportStage,
    GenerateStage,
    LatentsStage,
    MasksStage,
    PromptsStage,
    PuppetsStage,
    StageSettings,
    TrainStage,
)
from dreamrelation.settings.table_stages import CompareStage, ReportStage, StudyTableStage, SummariseStage, TableStage

STAGES: dict[str, type[StageSettings]] = {
    "puppets": PuppetsStage,
    "clips": ClipsStage,
    "masks": MasksStage,
    "captions": CaptionsStage,
    "latents": LatentsStage,
    "train": TrainStage,
    "prompts": PromptsStage,
    "generate": GenerateStage,
    "export": ExportStage,
    "evaluate": EvaluateStage,
    "controls": EvaluateStage,
    "summarise": SummariseStage,
    "compare": CompareStage,
    "table": TableStage,
    "study_table": StudyTableStage,
    "subspaces": SubspacesStage,
    "learned": LearnedStage,
    "attention": AttentionStage,
    "strength": StrengthStage,
    "feature_maps": FeatureMapsStage,
    "report": ReportStage,
}
"""Stage → its slice."""
