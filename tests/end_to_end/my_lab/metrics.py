"""A metric of one video, and one of a set of videos."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from dreamrelation.metrics.interface import MetricInfo, Score, SetResult, VideoSample
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.metrics import MetricSettings


class Brightness:
    """Implements `VideoMetric`."""

    class Settings(MetricSettings):
        """Mean brightness."""

    info: ClassVar[MetricInfo] = MetricInfo("Brightness", "mean of all pixels", "grey levels", None, 0, 255)
    note = "Counted by my lab."

    def __init__(self, settings: MetricSettings, machine: MachineSettings) -> None:
        self.settings = settings

    def score(self, video: VideoSample) -> Score:
        return Score(float(video.frames.mean()), f"{len(video.frames)} frames")


class ColourDistance:
    """Implements `SetMetric`."""

    class Settings(MetricSettings):
        """Distance of mean colours from those of the reference clips."""

        compares_sets: ClassVar[bool] = True

    info: ClassVar[MetricInfo] = MetricInfo("Colour distance", "from real clips", "grey levels", "lower", 0, None)
    note = ""

    def __init__(self, settings: MetricSettings, machine: MachineSettings) -> None:
        self.settings = settings

    def compare(self, videos: Iterable[VideoSample], reference: Iterable[VideoSample]) -> SetResult:
        ours, theirs = (
            np.stack([video.frames.mean(axis=(0, 1, 2)) for video in videos_of]) for videos_of in (videos, reference)
        )
        distance = float(np.linalg.norm(ours.mean(axis=0) - theirs.mean(axis=0)))
        return SetResult(distance, f"{len(ours)} videos, {len(theirs)} clips")
