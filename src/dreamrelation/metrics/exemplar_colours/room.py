"""Room leakage: is the background a room of the exemplars?"""

import numpy as np

from dreamrelation.metrics.exemplar_colours.colours import lab
from dreamrelation.metrics.exemplar_colours.settings import RoomLeakageSettings
from dreamrelation.metrics.interface import MetricInfo, Score, VideoSample
from dreamrelation.settings.machine import MachineSettings


def wall_colour(frames: np.ndarray, top_share: float) -> np.ndarray:
    """The mean colour of the topmost rows of (F, H, W, 3) uint8, (3,) uint8. Medians over time take figures out."""
    rows = max(round(top_share * frames.shape[1]), 1)
    still = np.median(frames[:, :rows], axis=0)
    return still.mean(axis=(0, 1)).round().astype(np.uint8)


class RoomLeakage:
    """1 where the wall's colour is nearer to a room of the exemplars than to any that the base model draws."""

    info = MetricInfo(
        label="Room leakage",
        about="videos whose background is a room of the exemplars",
        unit="%",
        better="lower",
        low=0.0,
        high=1.0,
        is_share=True,
    )
    note = "By the colour of the wall: the nearest of all known rooms, in CIELAB."

    def __init__(self, settings: RoomLeakageSettings, machine: MachineSettings) -> None:
        self.settings = settings
        self.rooms = lab(np.array([*settings.rooms, *settings.other_rooms], np.uint8))

    def score(self, video: VideoSample) -> Score:
        colour = wall_colour(video.frames, self.settings.top_share)
        nearest = int(np.linalg.norm(self.rooms - lab(colour), axis=1).argmin())
        seen = ", ".join(str(channel) for channel in colour)
        return Score(float(nearest < len(self.settings.rooms)), f"wall of RGB {seen}; by colour")
