"""Dynamic degree: the share of videos in which something moves much."""

import numpy as np

from dreamrelation.metrics.interface import MetricInfo, Score, VideoSample
from dreamrelation.metrics.motion.flow import BY, flows
from dreamrelation.metrics.motion.settings import DynamicDegreeSettings
from dreamrelation.settings.machine import MachineSettings

TOP_SHARE = 0.05
"""Of the pixels of a frame, those that move most."""


def top_motion(frames: np.ndarray) -> np.ndarray:
    """(F − 1,) mean length, in pixels, of the top twentieth of the flow, of (F, H, W, 3) uint8 RGB."""
    found = []
    for flow in flows(frames):
        lengths = np.sort(np.hypot(flow[..., 0], flow[..., 1]), axis=None)
        found.append(lengths[-max(int(TOP_SHARE * lengths.size), 1) :].mean())
    return np.array(found)


class DynamicDegree:
    """1 where enough of the frames have a top motion above the threshold."""

    info = MetricInfo(
        label="Dynamic degree",
        about="videos in which something moves much",
        unit="%",
        better=None,
        low=0.0,
        high=1.0,
        is_share=True,
    )

    def __init__(self, settings: DynamicDegreeSettings, machine: MachineSettings) -> None:
        self.settings = settings

    @property
    def note(self) -> str:
        threshold, share = f"{self.settings.threshold:.1%}", f"{self.settings.frame_share:.0%}"
        return (
            f"1 where in {share} of the frames the fastest twentieth of the pixels moves by more than {threshold} of"
            " the shorter side. After VBench's dynamic degree, with another optical flow and at the video's own rate:"
            " not its numbers."
        )

    def score(self, video: VideoSample) -> Score:
        """No value for a single frame."""
        frames, height, width = video.frames.shape[:3]
        if frames < 2:
            return Score(None, f"{frames} frame: expected at least 2 frames")
        found = top_motion(video.frames) / min(height, width)
        share = float((found > self.settings.threshold).mean())
        return Score(float(share >= self.settings.frame_share), f"{share:.0%} of {len(found)} frames; {BY}")
