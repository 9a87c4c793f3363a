"""Motion similarity: do the videos move as the real clips of the relation do, whoever moves in them?

Of each video only where, when and which way something moves is kept, by optical flow, and nothing of how it looks.
"""

from collections.abc import Iterable
from typing import ClassVar

import cv2
import numpy as np

from dreamrelation.errors import UserError
from dreamrelation.metrics.interface import MetricInfo, SetResult, VideoSample
from dreamrelation.metrics.intervals import bootstrap
from dreamrelation.metrics.motion.flow import BY, flows
from dreamrelation.metrics.motion.settings import MotionSimilaritySettings
from dreamrelation.settings.machine import MachineSettings

STILL = 0.002
"""Flow shorter than this share of the shorter side is noise."""
SAMPLES = 2000


def motion_pattern(frames: np.ndarray, times: int, rows: int, columns: int) -> np.ndarray:
    """(times, rows, columns, 4) of length 1: how much moves right, left, down and up, when and where.

    Roots of means over parts of equal duration and of the picture, so that few fast pixels do not decide alone. All
    zeros where nothing moves. Raises ValueError for fewer than times + 1 frames.
    """
    if len(frames) <= times:
        raise ValueError(f"found {len(frames)} frames, expected more than {times}")
    shorter = min(frames.shape[1:3])
    of_steps = []
    for flow in flows(frames):
        flow = np.where(np.hypot(flow[..., :1], flow[..., 1:]) < STILL * shorter, 0, flow)
        ways = np.concatenate([np.maximum(flow, 0), np.maximum(-flow, 0)], axis=-1)[..., [0, 2, 1, 3]]
        of_steps.append(cv2.resize(ways, (columns, rows), interpolation=cv2.INTER_AREA))
    parts = np.stack([np.mean(part, axis=0) for part in np.array_split(np.stack(of_steps), times)])
    pattern = np.sqrt(parts)
    length = np.linalg.norm(pattern)
    return pattern / length if length else pattern


def mirrored(pattern: np.ndarray) -> np.ndarray:
    """The pattern of the video seen in a mirror, in which left and right change places."""
    return pattern[:, :, ::-1][..., [1, 0, 2, 3]]


class MotionSimilarity:
    """The mean cosine of motion patterns with those of the real clips, of each or of its mirror image the larger."""

    info: ClassVar = MetricInfo(
        label="Motion similarity",
        about="how alike the movements are to those of the relation's real clips",
        unit="cosine",
        better="higher",
        low=0.0,
        high=1.0,
    )

    def __init__(self, settings: MotionSimilaritySettings, machine: MachineSettings) -> None:
        self.settings = settings

    @property
    def note(self) -> str:
        times, rows, columns = self._grid
        return (
            f"By {BY}: which way something moves in each of {rows} × {columns} fields and {times} parts of the time,"
            " beside every real clip of the relation and its mirror image. The camera's own movement counts, too."
        )

    @property
    def _grid(self) -> tuple[int, int, int]:
        return self.settings.times, self.settings.rows, self.settings.columns

    def compare(self, videos: Iterable[VideoSample], reference: Iterable[VideoSample]) -> SetResult:
        """Its interval is a bootstrap over the videos. Raises UserError naming a video of too few frames."""
        ours, theirs = ([self._pattern(video) for video in of] for of in (videos, reference))
        counts = f"{len(ours)} videos and {len(theirs)} of the reference; {BY}"
        if not ours or not theirs:
            return SetResult(None, f"{counts}: expected one of each at least", reference_count=len(theirs))
        real = np.stack([pattern.ravel() for pattern in theirs])
        turned = np.stack([mirrored(pattern).ravel() for pattern in theirs])
        each = np.array([np.maximum(real @ own.ravel(), turned @ own.ravel()).mean() for own in ours], np.float64)
        found = bootstrap(each, self.settings.confidence, SAMPLES, 0, "motion similarity")
        return SetResult(found.mean, counts, found.low, found.high, len(theirs))

    def _pattern(self, video: VideoSample) -> np.ndarray:
        try:
            return motion_pattern(video.frames, *self._grid)
        except ValueError as error:
            raise UserError(f"{video.name}: {error}") from None
