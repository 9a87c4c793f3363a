"""Temporal consistency of the judge's features of frames."""

from pathlib import Path

from dreamrelation.metrics.interface import Score, VideoSample
from dreamrelation.metrics.puppet_judge.judge import Judge
from dreamrelation.metrics.puppet_judge.settings import TemporalConsistencySettings
from dreamrelation.metrics.temporal_consistency import CAUTION, INFO, consistency_score
from dreamrelation.settings.machine import MachineSettings


class TemporalConsistency:
    """Mean cosine of neighbouring frames."""

    info = INFO

    def __init__(self, settings: TemporalConsistencySettings, machine: MachineSettings) -> None:
        self.judge = Judge(Path(settings.judge))

    @property
    def note(self) -> str:
        return f"By the frame encoder of {self.judge.name}. {CAUTION}"

    def score(self, video: VideoSample) -> Score:
        """No value for a single frame."""
        return consistency_score(self.judge.ask(video.frames).frame_features, self.judge.name)
