"""Metrics from outside the package, named by their import path in a configuration."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from dreamrelation.metrics.interface import MetricInfo, Score, SetResult, VideoSample
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.metrics import MetricSettings

BRIGHTNESS = "tests.metrics.own_metrics:Brightness"
GAP = "tests.metrics.own_metrics:BrightnessGap"
SAYS = "tests.metrics.own_metrics:Says"


def mean_brightness(samples: Iterable[VideoSample]) -> tuple[float, int]:
    """Mean over the samples, and their number."""
    found = [float(sample.frames.mean()) for sample in samples]
    return float(np.mean(found)), len(found)


class BrightnessGap:
    """Compares sets: how much brighter the videos are than the reference, times `scale`."""

    class Settings(MetricSettings):
        compares_sets: ClassVar[bool] = True

        scale: float = 1.0

    info = MetricInfo(label="Brightness gap", about="beside the real clips", unit="grey levels", better="lower")

    def __init__(self, settings: Settings, machine: MachineSettings) -> None:
        self.settings = settings

    @property
    def note(self) -> str:
        return f"Scaled by {self.settings.scale:g}."

    def compare(self, videos: Iterable[VideoSample], reference: Iterable[VideoSample]) -> SetResult:
        (own, count), (real, reference_count) = mean_brightness(videos), mean_brightness(reference)
        gap = self.settings.scale * (own - real)
        return SetResult(gap, f"{count} beside {reference_count}", gap - 1, gap + 1)


class Brightness:
    """Of one video."""

    class Settings(MetricSettings):
        pass

    info = MetricInfo(label="Brightness", about="mean of all pixels", unit="grey levels", better=None, low=0, high=255)
    note = "Nothing to know."

    def __init__(self, settings: Settings, machine: MachineSettings) -> None:
        pass

    def score(self, video: VideoSample) -> Score:
        return Score(float(video.frames.mean()), f"{len(video.frames)} frames of {video.subjects}, {video.prompt!r}")


class Says:
    """Says a number that it is told, and promises that it is a share."""

    class Settings(MetricSettings):
        value: str = "1"
        confidence: float | None = None

    info = MetricInfo(label="Says", about="", unit="%", better="higher", is_share=True)
    note = ""

    def __init__(self, settings: Settings, machine: MachineSettings) -> None:
        self.settings = settings

    def score(self, video: VideoSample) -> Score:
        return Score(float(self.settings.value), "", self.settings.confidence)
