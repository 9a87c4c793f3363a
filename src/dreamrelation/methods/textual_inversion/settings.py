"""Settings of textual inversion, with ReVersion's numbers."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from dreamrelation.methods.textual_inversion.prepositions import content_words
from dreamrelation.settings.base import Count, Settings, Share
from dreamrelation.settings.losses import ContrastiveSettings
from dreamrelation.settings.methods import TrainedMethodSettings
from dreamrelation.settings.subjects import Subject


class SteeringSettings(Settings):
    """Pulls the new word towards prepositions and away from what the captions are about."""

    weight: Annotated[float, Field(gt=0)] = 0.01
    """Of the steering loss beside the reconstruction."""
    positives: Annotated[int, Field(ge=1, le=56)] = 4
    """Prepositions that are drawn in each step, of 56."""
    temperature: Annotated[float, Field(gt=0)] = 0.07
    """τ."""


class TextualInversionSettings(TrainedMethodSettings):
    """ReVersion: the input embedding of one new word, which stands for the relation in `A person <R> a person`."""

    implementation: ClassVar[str] = "dreamrelation.methods.textual_inversion.method:TextualInversion"

    kind: Literal["textual_inversion"] = "textual_inversion"
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    """AdamW's, at its highest, after the warm-up; with fewer clips per step, take less: 2.5e-4 for one."""
    steps: Annotated[int, Field(ge=1, le=10_000_000)] = 3000
    """Steps in all, warm-up included."""
    batch_size: Count = 2
    """Clips per forward pass."""
    accumulation: Count = 4
    """Forward passes per step, whose gradients are averaged."""
    caption_dropout: Share = 0.0
    """No caption is dropped: the empty text does not hold the new word, which could learn nothing from it."""
    initial_word: Annotated[str, Field(min_length=1, max_length=64)] = "and"
    """The new word starts as this one."""
    training_subjects: tuple[Subject, Subject] = ("person", "person")
    """Who is seen in the clips; the caption of all of them is made of it."""
    steering: SteeringSettings | None = SteeringSettings()
    """The steering loss; `None`: without."""
    importance_sampling: bool = True
    """Draw σ more often near noise, where a relation is laid out; off: uniformly."""
    contrastive: ContrastiveSettings | None = None
    """Our contrastive loss (RCL) on top; `None`, the default: without, as in the paper."""

    @field_validator("caption_dropout")
    @classmethod
    def _no_caption_is_dropped(cls, share: float) -> float:
        if share:
            raise ValueError(f"found {share:g}, expected 0: the empty text does not hold the word that is trained")
        return share

    @model_validator(mode="after")
    def _something_to_steer_from(self) -> "TextualInversionSettings":
        if self.steering is not None and not content_words(" ".join(self.training_subjects)):
            raise ValueError(
                f"training_subjects is {list(self.training_subjects)}, expected a word that names what is seen"
            )
        return self
