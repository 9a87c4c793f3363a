"""Motion: the mean length of the optical flow, so that a still video's perfect consistency is seen for what it is."""

import numpy as np

from dreamrelation.metrics.interface import MetricInfo, Score, VideoSample
from dreamrelation.metrics.motion.flow import BY, flows
from dreamrelation.metrics.motion.settings import MotionSettings
from dreamrelation.settings.machine import MachineSettings


def mean_flow(frames: np.ndarray) -> float:
    """Mean length of the dense flow between consecutive frames, in pixels per frame.

    frames: (F, H, W, 3) uint8 RGB, F at least 2. In pixels of the video as it is: sizes are not compared.
    """
    if len(frames) < 2:
        raise ValueError(f"found {len(frames)} frame, expected at least 2")
    return float(np.mean([np.hypot(flow[..., 0], flow[..., 1]).mean() for flow in flows(frames)]))


class Motion:
    """The amount of motion; neither more nor less is better."""

    info = MetricInfo(
        label="Motion",
        about="how much moves; neither more nor less is better",
        unit="pixels per frame",
        better=None,
        low=0.0,
    )
    note = f"Mean length of the optical flow ({BY}); videos of different sizes cannot be compared."

    def __init__(self, settings: MotionSettings, machine: MachineSettings) -> None:
        """It has no network, so there is nothing to set and nothing to place."""

    def score(self, video: VideoSample) -> Score:
        """No value for a single frame."""
        frames, height, width = video.frames.shape[:3]
        detail = f"{BY}, {frames} frames of {height} × {width}"
        if frames < 2:
            return Score(None, f"{detail}: expected at least 2 frames")
        return Score(mean_flow(video.frames), detail)
