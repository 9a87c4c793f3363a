"""Temporal consistency of CLIP's features of frames, as the paper takes it."""

from dreamrelation.metrics.clip.model import Clip
from dreamrelation.metrics.clip.settings import TemporalConsistencySettings
from dreamrelation.metrics.interface import Score, VideoSample
from dreamrelation.metrics.temporal_consistency import CAUTION, INFO, consistency_score
from dreamrelation.settings.machine import MachineSettings


class TemporalConsistency:
    """Mean cosine of neighbouring frames."""

    info = INFO

    def __init__(self, settings: TemporalConsistencySettings, machine: MachineSettings) -> None:
        self.clip = Clip(settings, machine)

    @property
    def note(self) -> str:
        return f"By {self.clip.name}. {CAUTION}"

    def score(self, video: VideoSample) -> Score:
        """No value for a single frame."""
        return consistency_score(self.clip.frame_features(video.frames), self.clip.name)
