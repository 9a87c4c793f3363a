"""Temporal consistency: how alike neighbouring frames are.

A still clip wins it, with exactly 1; that is why `motion` stands beside it.
"""

import torch
from torch import Tensor
from torch.nn import functional

from dreamrelation.evaluation.measure import FrameFeatures, JudgedVideo, Score


def consecutive_cosine(features: Tensor) -> float:
    """Mean cosine of consecutive rows of (F, D), in [-1, 1]. Raises ValueError for fewer than two rows."""
    if features.ndim != 2 or len(features) < 2:
        raise ValueError(f"found frame features {tuple(features.shape)}, expected (F, D) with F at least 2")
    directions = functional.normalize(features.to(torch.float64), dim=1)
    return float((directions[1:] * directions[:-1]).sum(dim=1).mean())


class TemporalConsistency:
    """`temporal_consistency` of some network's frame features. Values of two networks cannot be compared."""

    metrics = ("temporal_consistency",)

    def __init__(self, features: FrameFeatures) -> None:
        self.features = features

    def take(self, video: JudgedVideo) -> list[Score]:
        """No value for a single frame."""
        detail = f"{len(video.frames)} frames; {self.features.name}"
        if len(video.frames) < 2:
            return [Score("temporal_consistency", None, f"{detail}: expected at least 2 frames")]
        return [Score("temporal_consistency", consecutive_cosine(self.features.of(video)), detail)]
