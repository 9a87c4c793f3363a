"""Settings of the evaluation."""

from typing import Annotated, Literal

from pydantic import Field

from dreamrelation.settings.base import Settings


class EvaluationSettings(Settings):
    """Which measures are taken, and with which models."""

    judge: Literal["puppet_classifier"] | None = None
    """Who decides whether the relation is seen; `None`: nobody."""
    judge_path: str = "data/puppets/models/judge"
    """Folder with the classifier's weights and its held-out accuracy, for the judge and the features of this name."""
    features: Literal["clip", "puppet_classifier"] = "clip"
    """Frame features of the temporal consistency; with `clip`, CLIP-T is measured as well."""
    clip_path: str = "openai/clip-vit-base-patch32"
    """Hub id or local folder of CLIP, for the features `clip` and for CLIP-T."""
    clip_batch_size: Annotated[int, Field(ge=1)] = 32
    """Frames per forward pass of CLIP."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Level of the confidence intervals."""
    bootstrap_samples: Annotated[int, Field(ge=100)] = 2000
    """Resamples of the videos, for the intervals of means that are no shares."""


class ReportSettings(Settings):
    """What the page shows."""

    exemplars: Annotated[int, Field(ge=1)] = 5
    """Exemplar clips in each relation's row."""
