"""What each stage is given: its slice of an experiment's settings, and nothing else.

A stage cannot use what it is not given, so what reruns a stage and what it uses cannot differ. Settings of the machine
are no part of a slice.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

from dreamrelation.relations import Relation
from dreamrelation.settings.base import Settings
from dreamrelation.settings.data import ClipSettings, Data, FolderData
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.generation import Sampling
from dreamrelation.settings.kinds import Method, Metric, Model
from dreamrelation.settings.latents import LatentSettings
from dreamrelation.settings.masks import MaskSettings
from dreamrelation.settings.prompts import Prompt
from dreamrelation.settings.puppets import PuppetSettings


@dataclass(frozen=True)
class Chosen:
    """What a job is about."""

    method: str | None = None
    metric: str | None = None
    relation: str | None = None


NOTHING = Chosen()


class StageSettings(Settings):
    """A slice of an experiment's settings."""

    of_relation: ClassVar[bool] = False
    """Whether the slice depends on which relation the stage is run for."""

    @classmethod
    @abstractmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        """The slice, with the method, metric or relation that the stage is run for.

        Raises UserError for one that the experiment does not have.
        """


class FrameSize(Settings):
    """Size of the frames that the model sees, in pixels."""

    height: int
    width: int

    @classmethod
    def of(cls, clips: ClipSettings) -> Self:
        return cls(height=clips.height, width=clips.width)


class PuppetsStage(StageSettings):
    """The theatre plays its data set."""

    seed: int
    relations: tuple[Relation, ...]
    puppets: PuppetSettings | None
    plain: bool
    """Plain videos in a folder for each relation, and not NTU RGB+D's files."""

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        return cls(
            seed=experiment.seed,
            relations=tuple(experiment.relation(slug) for slug in experiment.relations),
            puppets=experiment.puppets,
            plain=isinstance(experiment.data, FolderData),
        )


class ClipsStage(StageSettings):
    """Finding and choosing clips."""

    seed: int
    relations: tuple[Relation, ...]
    data: Data
    clips: ClipSettings
    frames_per_second: int
    """At which the model sees clips."""

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        clips, generated = experiment.clips, experiment.generation.resolved(experiment.model.spec)
        return cls(
            seed=experiment.seed,
            relations=tuple(map(experiment.relation, experiment.relations)),
            data=experiment.data,
            clips=clips,
            frames_per_second=clips.frames_per_second or generated.frames_per_second,
        )


class MasksStage(StageSettings):
    """Segmenting both subjects."""

    size: FrameSize
    minimum: int
    """Fewer clips with masks than this is an error."""
    masks: MaskSettings

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        clips = experiment.clips
        return cls(size=FrameSize.of(clips), minimum=clips.minimum, masks=experiment.masks)


class CaptionsStage(StageSettings):
    """Embedding the captions of the clips."""

    model: Model

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        return cls(model=experiment.model.only("text_encoder"))


class LatentsStage(StageSettings):
    """Encoding clips and pooling their masks."""

    size: FrameSize
    latents: LatentSettings
    model: Model

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        model = experiment.model.only("autoencoder")
        return cls(size=FrameSize.of(experiment.clips), latents=experiment.latents, model=model)


class TrainStage(StageSettings):
    """Training one method on one relation."""

    seed: int
    model: Model
    latents: LatentsStage
    """What the cache was made with, to refuse another one."""
    method: Method

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        return cls(
            seed=experiment.seed,
            model=experiment.model,
            latents=LatentsStage.of(experiment),
            method=experiment.method(chosen.method or "").as_trained(),
        )


class RelationStage(StageSettings):
    """Of one relation."""

    of_relation: ClassVar[bool] = True

    relation: Relation


class PromptsStage(RelationStage):
    """Embedding the prompts of one relation."""

    prompts: tuple[Prompt, ...]
    negative_prompt: str
    model: Model

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        generation, relation = experiment.generation, experiment.relation(chosen.relation or "")
        return cls(
            relation=relation,
            prompts=generation.prompts_of(relation.slug),
            negative_prompt=generation.resolved(experiment.model.spec).negative_prompt,
            model=experiment.model.only("text_encoder"),
        )


class ExportStage(RelationStage):
    """What one method learned of one relation, for other programs; the model card recommends the sampling."""

    size: FrameSize
    model: Model
    method: Method
    sampling: Sampling

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        return cls(
            relation=experiment.relation(chosen.relation or ""),
            size=FrameSize.of(experiment.clips),
            model=experiment.model,
            method=experiment.method(chosen.method or "").as_trained(),
            sampling=experiment.generation.resolved(experiment.model.spec),
        )


class GenerateStage(RelationStage):
    """One method's videos of one relation."""

    seed: int
    size: FrameSize
    model: Model
    method: Method
    prompts: tuple[Prompt, ...]
    videos_per_prompt: int
    sampling: Sampling

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        generation, relation = experiment.generation, experiment.relation(chosen.relation or "")
        return cls(
            relation=relation,
            seed=experiment.seed,
            size=FrameSize.of(experiment.clips),
            model=experiment.model,
            method=experiment.method(chosen.method or ""),
            prompts=generation.prompts_of(relation.slug),
            videos_per_prompt=generation.videos_per_prompt,
            sampling=generation.resolved(experiment.model.spec),
        )


class EvaluateStage(RelationStage):
    """One metric of one method's videos of one relation, or of real clips that are asked about it."""

    seed: int
    size: FrameSize
    metric: Metric

    @classmethod
    def of(cls, experiment: ExperimentSettings, chosen: Chosen = NOTHING) -> Self:
        return cls(
            relation=experiment.relation(chosen.relation or ""),
            seed=experiment.seed,
            size=FrameSize.of(experiment.clips),
            metric=experiment.metric(chosen.metric or ""),
        )
