"""CLIP-T: does the video fit its prompt, as CLIP sees it?"""

import torch
from torch import Tensor

from dreamrelation.evaluation.clip import Clip
from dreamrelation.evaluation.measure import JudgedVideo, Score


def text_likeness(text: Tensor, frames: Tensor) -> float:
    """Text (D,) · mean over frames of (F, D), both of unit rows: the mean cosine of text and frame."""
    return float(text.to(torch.float64) @ frames.to(torch.float64).mean(dim=0))


class ClipText:
    """`clip_t`. CLIP hardly tells who does what to whom; relation accuracy does."""

    metrics = ("clip_t",)

    def __init__(self, clip: Clip) -> None:
        self.clip = clip

    def take(self, video: JudgedVideo) -> list[Score]:
        value = text_likeness(self.clip.text(video.prompt), self.clip.of(video))
        return [Score("clip_t", value, f"{len(video.frames)} frames; {self.clip.name}")]
