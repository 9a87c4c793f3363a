"""Settings of the analysis."""

from typing import Annotated, Literal

from pydantic import Field

from dreamrelation.settings.base import Count, Name, Settings

NoiseLevel = Annotated[float, Field(gt=0, lt=1)]


class SubspaceSettings(Settings):
    """How alike the subspaces of the attention's query, key and value matrices are."""

    ranks: Annotated[int, Field(ge=1, le=4096)] = 64
    """The similarity is taken of the first r singular vectors, for each r up to this, or to as many as there are."""
    method: Literal["auto", "exact", "randomized"] = "auto"
    """`randomized` is fast and knows how far off it is; `auto`: where that is more than `tolerance`, exact."""
    tolerance: Annotated[float, Field(gt=0, lt=1)] = 0.01
    """Largest error of a similarity that `auto` lets pass, at any r."""


class AttentionSettings(Settings):
    """Where the relation's words look: attention of the base model, and with a method, on real clips with masks."""

    methods: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Trained methods that are compared with the base model."""
    words: Annotated[dict[Name, tuple[str, ...]], Field(default_factory=dict)]
    """Relation → its words as they stand in the captions of its clips, where they are not those of its predicate."""
    noise_level: NoiseLevel = 0.5
    """Of the clips' latents, at which the model is looked at."""
    clips: Count = 20
    """So many clips at the most: held-out ones, or where there are none those that are learnt from."""
    shown: Count = 2
    """So many of them are drawn."""


class FeatureMapSettings(Settings):
    """Query, key and value of the visual tokens of the base model's own videos, drawn as maps."""

    prompts: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "A dog is running on a lawn.",
        "A dog is hugging a cat on a lawn.",
    )
    """Of the videos: such as one with a single subject and one with two."""
    noise_level: NoiseLevel = 0.5
    """Of the videos' latents, at which the model is looked at."""


class StrengthSettings(Settings):
    """The same video with what was learned applied more and more strongly."""

    methods: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Trained methods that have an `inference_scale`."""
    scales: Annotated[tuple[Annotated[float, Field(ge=0, le=10)], ...], Field(min_length=2)] = (0.0, 0.5, 1.0, 1.5)
    """In the place of `inference_scale`; 0 is the base model."""
    prompts: Count = 1
    """So many of the first prompts of each relation are drawn."""


class AnalysisSettings(Settings):
    """What is looked at in the model itself."""

    subspaces: SubspaceSettings | None = SubspaceSettings()
    """`None`: not."""
    attention: AttentionSettings | None = None
    """`None`: not."""
    strength: StrengthSettings | None = None
    """`None`: not."""
    feature_maps: FeatureMapSettings | None = None
    """`None`: not."""
