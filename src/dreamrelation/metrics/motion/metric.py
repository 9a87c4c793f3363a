"""Motion: the mean length of the optical flow, so that a still video's perfect consistency is seen for what it is."""

from itertools import pairwise

import cv2
import numpy as np

from dreamrelation.metrics.interface import MetricInfo, Score, VideoSample
from dreamrelation.metrics.motion.settings import MotionSettings
from dreamrelation.settings.machine import MachineSettings


def mean_flow(frames: np.ndarray) -> float:
    """Mean magnitude of Farnebäck's dense flow between consecutive frames, in pixels per frame.

    frames: (F, H, W, 3) uint8 RGB, F at least 2. In pixels of the video as it is: sizes are not compared.
    """
    if len(frames) < 2:
        raise ValueError(f"found {len(frames)} frame, expected at least 2")
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    lengths = []
    for before, after in pairwise(grey):
        start = np.zeros((*before.shape, 2), np.float32)
        flow = cv2.calcOpticalFlowFarneback(before, after, start, 0.5, 3, 15, 3, 5, 1.2, 0)
        lengths.append(np.hypot(flow[..., 0], flow[..., 1]).mean())
    return float(np.mean(lengths))


class Motion:
    """The amount of motion; neither more nor less is better."""

    info = MetricInfo(
        label="Motion",
        about="how much moves; neither more nor less is better",
        unit="pixels per frame",
        better=None,
        low=0.0,
    )
    note = "Mean length of Farnebäck's optical flow; videos of different sizes cannot be compared."

    def __init__(self, settings: MotionSettings, machine: MachineSettings) -> None:
        """It has no network, so there is nothing to set and nothing to place."""

    def score(self, video: VideoSample) -> Score:
        """No value for a single frame."""
        frames, height, width = video.frames.shape[:3]
        detail = f"Farnebäck flow, {frames} frames of {height} × {width}"
        if frames < 2:
            return Score(None, f"{detail}: expected at least 2 frames")
        return Score(mean_flow(video.frames), detail)
