"""All settings of one experiment."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from dreamrelation.geometry import check_pixel_frames
from dreamrelation.relations import RELATIONS
from dreamrelation.settings.base import Settings
from dreamrelation.settings.clips import ClipSettings, DataSettings, PuppetSettings
from dreamrelation.settings.evaluation import EvaluationSettings, ReportSettings
from dreamrelation.settings.generation import GenerationSettings
from dreamrelation.settings.masks import MaskSettings
from dreamrelation.settings.model import LatentSettings, ModelSettings
from dreamrelation.settings.training import TrainingSettings

Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]


class ExperimentSettings(Settings):
    """One experiment: data, model, relations and the methods that are compared."""

    experiment: Name
    """Name of the folder under `results/`."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Every random choice is derived from this one."""
    relations: Annotated[tuple[str, ...], Field(min_length=1)]
    """Slugs of the relations to learn."""
    data: DataSettings
    puppets: PuppetSettings | None = None
    """Set: the puppet theatre plays the data set first. `None`: the data are there."""
    clips: ClipSettings = ClipSettings()
    masks: MaskSettings = MaskSettings()
    model: ModelSettings = ModelSettings()
    latents: LatentSettings = LatentSettings()
    training: TrainingSettings = TrainingSettings()
    """What all methods share."""
    methods: Annotated[dict[Name, dict[str, Any]], Field(min_length=1)]
    """Name → the settings of `training` in which this method differs."""
    generation: GenerationSettings
    evaluation: EvaluationSettings = EvaluationSettings()
    report: ReportSettings = ReportSettings()

    @model_validator(mode="after")
    def _consistent(self) -> "ExperimentSettings":
        check_pixel_frames(self.generation.pixel_frames)
        unknown = [slug for slug in self.relations if slug not in RELATIONS]
        if unknown:
            raise ValueError(f"relations names {unknown[0]!r}, expected some of {', '.join(RELATIONS)}")
        if len(set(self.relations)) != len(self.relations):
            raise ValueError(f"relations names one twice: {list(self.relations)}")
        return self

    def method(self, name: str) -> TrainingSettings:
        """The resolved settings of one method. Raises KeyError with the known names."""
        if name not in self.methods:
            raise KeyError(f"method {name!r} is not in the config, expected one of {', '.join(self.methods)}")
        return TrainingSettings.model_validate(overlay(self.training.model_dump(), self.methods[name]))


def overlay(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`base` with the values of `over`; nested mappings are merged, except a placement, which is one value."""
    merged = dict(base)
    for key, value in over.items():
        nested = isinstance(value, dict) and isinstance(merged.get(key), dict) and key != "placement"
        merged[key] = overlay(merged[key], value) if nested else value
    return merged
