"""Background consistency by CLIP's features of frames, which follow the setting of a picture."""

from dreamrelation.metrics.anchored_consistency import CAUTION, anchored_score, info
from dreamrelation.metrics.clip.model import Clip
from dreamrelation.metrics.clip.settings import BackgroundConsistencySettings
from dreamrelation.metrics.interface import Score, VideoSample
from dreamrelation.settings.machine import MachineSettings


class BackgroundConsistency:
    """Mean cosine of each frame to the first one and to the one before."""

    info = info("background")

    def __init__(self, settings: BackgroundConsistencySettings, machine: MachineSettings) -> None:
        self.clip = Clip(settings, machine)

    @property
    def note(self) -> str:
        return f"By {self.clip.name}. {CAUTION}"

    def score(self, video: VideoSample) -> Score:
        """No value for a single frame."""
        return anchored_score(self.clip.frame_features(video.frames), self.clip.name)
