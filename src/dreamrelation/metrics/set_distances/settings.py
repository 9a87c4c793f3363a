"""Settings of the distances between sets of videos."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dreamrelation.settings.base import Count
from dreamrelation.settings.kinds import Features
from dreamrelation.settings.metrics import MetricSettings


class SetDistanceSettings(MetricSettings):
    """How far a method's videos are from a reference set, as a network sees both."""

    compares_sets: ClassVar[bool] = True

    features: Features
    """The network that describes each video."""
    frames: Annotated[int, Field(ge=2, le=1024)] = 16
    """Frames of each video that the network sees; they are not resampled in time."""
    window: Literal["first", "centre", "spread"] = "first"
    """Which: the first ones, those in the middle, or evenly from the first to the last."""
    reference: str | None = None
    """CSV list of reference videos (`dreamrelation reference-list` writes one); `None`: the relation's real clips."""

    def files(self) -> list[str]:
        return [*self.features.files(), *([] if self.reference is None else [self.reference])]


class FrechetSettings(SetDistanceSettings):
    """The Fréchet distance; with I3D and 16 frames it is FVD. Biased at small numbers: compare at equal ones only."""

    implementation: ClassVar[str] = "dreamrelation.metrics.set_distances.metrics:Frechet"

    kind: Literal["frechet_video_distance"] = "frechet_video_distance"
    sample_size: Count | None = None
    """Videos of each set that are compared at a time, drawn many times; `None`: as many as the smaller set has."""
    draws: Annotated[int, Field(ge=1, le=10_000)] = 50
    """How often they are drawn, where there is something to draw."""


class KernelDistanceSettings(SetDistanceSettings):
    """The squared maximum mean discrepancy by a cubic kernel: unbiased, so fewer videos do."""

    implementation: ClassVar[str] = "dreamrelation.metrics.set_distances.metrics:KernelMMD"

    kind: Literal["kernel_video_distance"] = "kernel_video_distance"
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Of its interval."""
