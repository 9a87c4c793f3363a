"""What each stage of the analysis is given: see `stages`."""

from typing import Self

from dreamrelation.errors import UserError
from dreamrelation.settings.analysis import AttentionSettings, FeatureMapSettings, SubspaceSettings
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.generation import Sampling
from dreamrelation.settings.kinds import Method, Model
from dreamrelation.settings.metrics import IntervalSettings
from dreamrelation.settings.stages import (
    NOTHING,
    Chosen,
    ClipsStage,
    FrameSize,
    GenerateStage,
    LatentsStage,
    RelationStage,
    StageSettings,
)


class SubspacesStage(StageSettings):
    """The transformer's attention matrices."""

    model: Model
    subspaces: SubspaceSettings

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        subspaces = experiment.analysis.subspaces
        if subspaces is None:
            raise UserError("analysis.subspaces is null, expected its settings")
        return cls(model=experiment.model.only("denoiser"), subspaces=subspaces)


class LearnedStage(StageSettings):
    """What a method learned, by the names of the model's layers."""

    model: Model

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        return cls(model=experiment.model.only())


class AttentionStage(RelationStage):
    """Attention of the words of one relation, in the base model and with one method."""

    seed: int
    model: Model
    latents: LatentsStage
    """What the cache was made with, to refuse another one."""
    method: Method
    words: tuple[str, ...]
    attention: AttentionSettings
    intervals: IntervalSettings
    frames_per_second: int

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        attention = experiment.analysis.attention
        if attention is None:
            raise UserError("analysis.attention is null, expected its settings")
        clips, relation = ClipsStage.of(experiment), experiment.relation(chosen.relation or "")
        return cls(
            relation=relation,
            seed=experiment.seed,
            model=experiment.model,
            latents=LatentsStage.of(experiment),
            method=experiment.method(chosen.method or ""),
            words=attention.words.get(relation.slug, relation.words),
            attention=attention.model_copy(update={"words": {}}),
            intervals=experiment.intervals,
            frames_per_second=clips.frames_per_second,
        )


class StrengthStage(GenerateStage):
    """Videos of one relation with what one method learned, applied more and more strongly."""

    scales: tuple[float, ...]

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        strength = experiment.analysis.strength
        if strength is None:
            raise UserError("analysis.strength is null, expected its settings")
        generated = GenerateStage.of(experiment, chosen)
        shown = generated.model_copy(update={"prompts": generated.prompts[: strength.prompts], "videos_per_prompt": 1})
        return cls(**dict(shown), scales=strength.scales)


class FeatureMapsStage(StageSettings):
    """The base model's features of videos that it draws itself."""

    seed: int
    size: FrameSize
    model: Model
    sampling: Sampling
    feature_maps: FeatureMapSettings

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        feature_maps = experiment.analysis.feature_maps
        if feature_maps is None:
            raise UserError("analysis.feature_maps is null, expected its settings")
        return cls(
            seed=experiment.seed,
            size=FrameSize.of(experiment.clips),
            model=experiment.model,
            sampling=experiment.generation.resolved(experiment.model.spec),
            feature_maps=feature_maps,
        )
