"""The metrics: features of both sets, and a distance between them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

from dreamrelation.errors import UserError
from dreamrelation.metrics.interface import MetricInfo, SetResult, VideoSample
from dreamrelation.metrics.set_distances.frechet import frechet_distance
from dreamrelation.metrics.set_distances.kernel import kernel_distance
from dreamrelation.metrics.set_distances.reference import checked, read_list
from dreamrelation.metrics.set_distances.settings import (
    FrechetSettings,
    KernelDistanceSettings,
    SetDistanceSettings,
)
from dreamrelation.metrics.set_distances.windows import needed, window
from dreamrelation.metrics.video_features.interface import VideoFeatures
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.video import decode

Named = tuple[str, np.ndarray | list[np.ndarray]]


class SetDistance:
    """Reads both sets one by one; what is measured between their features is a subclass's."""

    def __init__(self, settings: SetDistanceSettings, machine: MachineSettings) -> None:
        self.settings = settings
        self.features: VideoFeatures = implementation_of(settings.features)(settings.features, machine)

    @property
    def how(self) -> str:
        beside = "the relation's real clips" if self.settings.reference is None else self.settings.reference
        return f"{self.features.name}; the {self.settings.window} {self.settings.frames} frames; beside {beside}"

    def both(self, videos: Iterable[VideoSample], reference: Iterable[VideoSample]) -> tuple[np.ndarray, np.ndarray]:
        """Features (N, D) and (M, D). Raises UserError for a video that is too short, naming it."""
        ours = self._described((video.name, video.frames) for video in videos)
        if self.settings.reference is None:
            return ours, self._described((clip.name, clip.frames) for clip in reference)
        return ours, self._described(self._listed(Path(self.settings.reference)))

    def _listed(self, path: Path) -> Iterator[Named]:
        for video in checked(read_list(path)):
            yield str(video), needed(decode(video), self.settings.frames, self.settings.window)

    def _described(self, videos: Iterable[Named]) -> np.ndarray:
        found = []
        for name, frames in videos:
            try:
                shown = window(frames, self.settings.frames, self.settings.window)
            except ValueError as error:
                raise UserError(f"{name}: {error}, which the setting `frames` asks for") from None
            found.append(self.features.of(shown))
        return np.stack(found) if found else np.empty((0, 0))


class Frechet(SetDistance):
    """At equal numbers of videos: subsets of the larger set, or of both, are drawn and the distances averaged."""

    settings: FrechetSettings
    info: ClassVar = MetricInfo(
        label="Fréchet video distance",
        about="distance of the videos' features from those of the reference",
        unit="",
        better="lower",
        low=0.0,
    )

    @property
    def note(self) -> str:
        return (
            f"By {self.how}. It grows as the number of videos falls, so only numbers of equal sets can be compared;"
            " where sets were drawn, the interval is of the draws alone."
        )

    def compare(self, videos: Iterable[VideoSample], reference: Iterable[VideoSample]) -> SetResult:
        ours, theirs = self.both(videos, reference)
        smaller = min(len(ours), len(theirs))
        size = self.settings.sample_size or smaller
        counts = f"{len(ours)} videos and {len(theirs)} of the reference"
        if size > smaller or size < 2:
            return SetResult(None, f"{counts}: too few for samples of {max(size, 2)}", reference_count=len(theirs))
        if len(ours) == len(theirs) == size:
            value = frechet_distance(ours, theirs)
            return SetResult(value, f"{counts}; {self.how}", reference_count=len(theirs))
        rng = np.random.default_rng([*b"subsets of equal size", size])
        drawn = [frechet_distance(_some(ours, size, rng), _some(theirs, size, rng)) for _ in range(self.settings.draws)]
        low, high = np.quantile(drawn, [0.025, 0.975])
        detail = f"{size} of {counts} each, {self.settings.draws} draws; {self.how}"
        return SetResult(float(np.mean(drawn)), detail, float(low), float(high), len(theirs))


class KernelMMD(SetDistance):
    """Unbiased at any numbers of videos."""

    settings: KernelDistanceSettings
    info: ClassVar = MetricInfo(
        label="Kernel video distance",
        about="squared maximum mean discrepancy of the videos' features from those of the reference",
        unit="",
        better="lower",
    )

    @property
    def note(self) -> str:
        return (
            f"By {self.how}. Cubic kernel, unbiased: sets that are alike give 0 on average, single numbers may fall"
            " below. The interval is by the jackknife over both sets."
        )

    def compare(self, videos: Iterable[VideoSample], reference: Iterable[VideoSample]) -> SetResult:
        ours, theirs = self.both(videos, reference)
        counts = f"{len(ours)} videos and {len(theirs)} of the reference"
        if min(len(ours), len(theirs)) < 2:
            return SetResult(None, f"{counts}: expected two of each at least", reference_count=len(theirs))
        found = kernel_distance(ours, theirs, self.settings.confidence)
        return SetResult(found.value, f"{counts}; {self.how}", found.low, found.high, len(theirs))


def _some(features: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    return features[rng.permutation(len(features))[:size]]
