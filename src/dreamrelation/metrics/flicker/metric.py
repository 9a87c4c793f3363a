"""Flicker: how little neighbouring frames differ, pixel by pixel. Motion counts as flicker, so look at both."""

import numpy as np

from dreamrelation.metrics.flicker.settings import FlickerSettings
from dreamrelation.metrics.interface import MetricInfo, Score, VideoSample
from dreamrelation.settings.machine import MachineSettings


def steadiness(frames: np.ndarray) -> float:
    """1 − mean |frame − the one before|/255 of (F, H, W, 3) uint8, as VBench's temporal flickering. F is at least 2."""
    if len(frames) < 2:
        raise ValueError(f"found {len(frames)} frame, expected at least 2")
    differences = [np.abs(a.astype(np.int16) - b).mean() for a, b in zip(frames[1:], frames[:-1], strict=True)]
    return 1 - float(np.mean(differences)) / 255


class Flicker:
    """1 is a still video."""

    info = MetricInfo(
        label="Freedom from flicker",
        about="how little neighbouring frames differ, pixel by pixel",
        unit="",
        better="higher",
        low=0.0,
        high=1.0,
    )
    note = (
        "One less the mean absolute difference of neighbouring frames (VBench's temporal flickering). Motion lowers it."
    )

    def __init__(self, settings: FlickerSettings, machine: MachineSettings) -> None:
        """It has no network, so there is nothing to set and nothing to place."""

    def score(self, video: VideoSample) -> Score:
        """No value for a single frame."""
        detail = f"{len(video.frames)} frames"
        if len(video.frames) < 2:
            return Score(None, f"{detail}: expected at least 2 frames")
        return Score(steadiness(video.frames), detail)
