"""Segmenters and detectors from outside the package, named in a configuration by their import path."""

import numpy as np

from dreamrelation.segmentation.interface import Boxes, ClipView, SegmentedClip
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.segmenters import DetectorSettings, SegmenterSettings


class TwoBoxes:
    """Says the same of every frame: a box on the left, one on the right, one round both and a doubtful one."""

    class Settings(DetectorSettings):
        found: int = 4
        """Only the first so many of them."""

    CORNERS = np.array([[5.0, 5, 40, 60], [50, 5, 90, 60], [4, 4, 91, 61], [0, 0, 4, 4]])
    SCORES = np.array([0.8, 0.6, 0.7, 0.1])

    def __init__(self, settings: Settings, machine: MachineSettings) -> None:
        self.settings = settings
        self.batches: list[int] = []

    def detect(self, frames: np.ndarray) -> list[Boxes]:
        self.batches.append(len(frames))
        return [Boxes(self.CORNERS[: self.settings.found], self.SCORES[: self.settings.found]) for _ in frames]


class Halves:
    """The left and the right third of the picture, in another order in every second frame."""

    class Settings(SegmenterSettings):
        shift: int = 0
        """Columns by which both move to the right from one frame to the next."""

    def __init__(self, settings: Settings, machine: MachineSettings) -> None:
        self.settings = settings

    def segment(self, view: ClipView) -> SegmentedClip:
        frames, height, width, _ = view.frames.shape
        masks = np.zeros((frames, 2, height, width), bool)
        for frame in range(frames):
            start = self.settings.shift * frame
            left = frame % 2
            masks[frame, left, :, start : start + width // 3] = True
            masks[frame, 1 - left, :, start + width // 2 : start + width // 2 + width // 3] = True
        return SegmentedClip(masks, scores={"sureness": np.full((frames, 2), 0.5)})
