"""CLIP-T: does the video fit its prompt, as CLIP sees it?"""

import torch
from torch import Tensor

from dreamrelation.metrics.clip.model import Clip
from dreamrelation.metrics.clip.settings import ClipTextSettings
from dreamrelation.metrics.interface import MetricInfo, Score, VideoSample
from dreamrelation.settings.machine import MachineSettings


def text_similarity(text: Tensor, frames: Tensor) -> float:
    """Text (D,) · mean over frames of (F, D), both of unit rows: the mean cosine of text and frame."""
    return float(text.to(torch.float64) @ frames.to(torch.float64).mean(dim=0))


class ClipText:
    """Mean cosine of the prompt and each frame."""

    info = MetricInfo(
        label="CLIP-T",
        about="similarity of frames and prompt",
        unit="cosine",
        better="higher",
        low=-1.0,
        high=1.0,
    )

    def __init__(self, settings: ClipTextSettings, machine: MachineSettings) -> None:
        self.clip = Clip(settings, machine)

    @property
    def note(self) -> str:
        return f"By {self.clip.name}. CLIP hardly tells who does what to whom."

    def score(self, video: VideoSample) -> Score:
        value = text_similarity(self.clip.text_features(video.prompt), self.clip.frame_features(video.frames))
        return Score(value, f"{len(video.frames)} frames; {self.clip.name}")
