"""Settings that every metric has, and what an experiment does with the scores."""

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from dreamrelation.settings.base import Component, Count, Settings


class MetricSettings(Component):
    """A metric, by its kind. Extended by the settings of each kind."""

    compares_sets: ClassVar[bool] = False
    """Whether it compares all videos of a method with a reference set, instead of looking at one video."""

    controls: bool = False
    """Also ask it about real clips, of the relation (it should say 1) and of the other relations (0)."""
    other_controls: Count | None = None
    """Of the other relations at most so many clips in all, evenly of each; `None`: all that are there."""

    @model_validator(mode="after")
    def _controls_look_at_single_clips(self) -> "MetricSettings":
        if self.controls and self.compares_sets:
            raise ValueError("controls is true, but this metric compares sets and says nothing of one clip")
        return self

    @property
    def calls_per_video(self) -> int:
        """How often a server is asked about each video, which may cost money."""
        return 0

    @property
    def frames_per_call(self) -> int:
        """How many frames it is sent each time."""
        return 0

    def check_relation(self, relation: str) -> None:
        """Raise UserError where the metric cannot be taken for this relation."""


class IntervalSettings(Settings):
    """The confidence intervals of means over videos."""

    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Level of the confidence intervals."""
    bootstrap_samples: Annotated[int, Field(ge=100, le=1_000_000)] = 2000
    """Resamples of the videos, for the intervals of means that are no shares."""
