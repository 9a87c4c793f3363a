"""What each stage is given: its slice of an experiment's settings, and nothing else.

A stage cannot use what it is not given, so what reruns a stage and what it uses cannot differ. Settings of the machine
are no part of a slice.
"""

from abc import abstractmethod
from typing import Any, Self

from dreamrelation.relations import RELATIONS, Relation
from dreamrelation.settings.base import Name, Settings
from dreamrelation.settings.data import ClipSettings, Data, FolderData
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.generation import Sampling
from dreamrelation.settings.kinds import Method, Metric, Model
from dreamrelation.settings.latents import LatentSettings
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.masks import MaskSettings
from dreamrelation.settings.metrics import IntervalSettings
from dreamrelation.settings.puppets import PuppetSettings
from dreamrelation.settings.subjects import Subject


class StageSettings(Settings):
    """A slice of an experiment's settings."""

    @classmethod
    @abstractmethod
    def of(cls, experiment: ExperimentSettings, method: str | None = None, metric: str | None = None) -> Self:
        """The slice, with the method or metric that the stage is run for.

        Raises UserError for a method or metric that the experiment does not have.
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
    def of(cls, experiment: ExperimentSettings, method: str | None = None, metric: str | None = None) -> Self:
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
    def of(cls, experiment: ExperimentSettings, method: str | None = None, metric: str | None = None) -> Self:
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
    def of(cls, experiment: ExperimentSettings, method: str | None = None, metric: str | None = None) -> Self:
        clips = experiment.clips
        return cls(size=FrameSize.of(clips), minimum=clips.minimum, masks=experiment.masks)


class CaptionsStage(StageSettings):
    """Embedding the captions of the clips."""

    model: Model

    @classmethod
    def of(cls, experiment: ExperimentSettings, method: str | None = None, metric: str | None = None) -> Self:
        return cls(model=experiment.model.only("text_encoder"))


class LatentsStage(StageSettings):
    """Encoding clips and pooling their masks."""

    size: FrameSize
    latents: LatentSettings
    model: Model

    @classmethod
    def of(cls, experiment: ExperimentSettings, method: str | None = None, metric: str | None = None) -> Self:
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
    def of(cls, experiment: ExperimentSettings, method: str | None = None, metric: str | None = None) -> Self:
        return cls(
            seed=experiment.seed,
            model=experiment.model,
            latents=LatentsStage.of(experiment),
            method=experiment.method(method or ""),
        )


class AnyRelationStage(StageSettings):
    """For one relation at a time, whichever it is."""

    own_relations: tuple[Relation, ...]
    """Those of one's own, which the package does not know."""

    def relation(self, slug: str) -> Relation:
        """One's own of this name, or NTU RGB+D's."""
        return next((own for own in self.own_relations if own.slug == slug), None) or RELATIONS[slug]


def _own_relations(experiment: ExperimentSettings) -> tuple[Relation, ...]:
    return tuple(own.named(slug) for slug, own in experiment.own_relations.items())


class PromptsStage(AnyRelationStage):
    """Embedding the prompts of one relation."""

    subjects: tuple[tuple[Subject, Subject], ...]
    negative_prompt: str
    model: Model

    @classmethod
    def of(cls, experiment: ExperimentSettings, method: str | None = None, metric: str | None = None) -> Self:
        generation = experiment.generation.resolved(experiment.model.spec)
        return cls(
            own_relations=_own_relations(experiment),
            subjects=generation.subjects,
            negative_prompt=generation.negative_prompt,
            model=experiment.model.only("text_encoder"),
        )


class SampledStage(AnyRelationStage):
    """A method, and how videos are sampled with what it learned."""

    size: FrameSize
    model: Model
    method: Method
    sampling: Sampling

    @classmethod
    def of(cls, experiment: ExperimentSettings, method: str | None = None, metric: str | None = None) -> Self:
        return cls(**cls._made_of(experiment, method))

    @staticmethod
    def _made_of(experiment: ExperimentSettings, method: str | None) -> dict[str, Any]:
        return {
            "size": FrameSize.of(experiment.clips),
            "model": experiment.model,
            "method": experiment.method(method or ""),
            "own_relations": _own_relations(experiment),
            "sampling": experiment.generation.resolved(experiment.model.spec),
        }


class ExportStage(SampledStage):
    """What one method learned of one relation, for other programs; the model card recommends the sampling."""


class GenerateStage(SampledStage):
    """One method's videos of one relation."""

    seed: int

    @classmethod
    def of(cls, experiment: ExperimentSettings, method: str | None = None, metric: str | None = None) -> Self:
        return cls(seed=experiment.seed, **cls._made_of(experiment, method))


class EvaluateStage(AnyRelationStage):
    """One metric of one method's videos, or of real clips."""

    seed: int
    size: FrameSize
    metric: Metric

    @classmethod
    def of(cls, experiment: ExperimentSettings, method: str | None = None, metric: str | None = None) -> Self:
        return cls(
            seed=experiment.seed,
            size=FrameSize.of(experiment.clips),
            own_relations=_own_relations(experiment),
            metric=experiment.metric(metric or ""),
        )


class SummariseStage(StageSettings):
    """All scores of one relation."""

    experiment: Name
    seed: int
    intervals: IntervalSettings

    @classmethod
    def of(cls, experiment: ExperimentSettings, method: str | None = None, metric: str | None = None) -> Self:
        return cls(experiment=experiment.experiment, seed=experiment.seed, intervals=experiment.intervals)


class CompareStage(StageSettings):
    """All scores of all relations."""

    seed: int
    intervals: IntervalSettings

    @classmethod
    def of(cls, experiment: ExperimentSettings, method: str | None = None, metric: str | None = None) -> Self:
        return cls(seed=experiment.seed, intervals=experiment.intervals)


class ReportStage(StageSettings):
    """The page, which shows everything."""

    experiment: ExperimentSettings

    @classmethod
    def of(cls, experiment: ExperimentSettings, method: str | None = None, metric: str | None = None) -> Self:
        return cls(experiment=experiment.model_copy(update={"machine": MachineSettings()}))


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
    "report": ReportStage,
}
"""Stage → its slice."""
