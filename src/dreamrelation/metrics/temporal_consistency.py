"""Temporal consistency: how similar neighbouring frames are. Each network that describes frames has a metric of it.

A still video wins it, with exactly 1; that is why `motion` stands beside it.
"""

import torch
from torch import Tensor
from torch.nn import functional

from dreamrelation.metrics.interface import MetricInfo, Score

INFO = MetricInfo(
    label="Temporal consistency",
    about="similarity of neighbouring frames",
    unit="cosine",
    better="higher",
    low=-1.0,
    high=1.0,
)
CAUTION = "A still video has 1, so look at the motion too; values of two networks cannot be compared."


def consecutive_cosine(features: Tensor) -> float:
    """Mean cosine of consecutive rows of (F, D), in [-1, 1]. Raises ValueError for fewer than two rows."""
    if features.ndim != 2 or len(features) < 2:
        raise ValueError(f"found frame features {tuple(features.shape)}, expected (F, D) with F at least 2")
    directions = functional.normalize(features.to(torch.float64), dim=1)
    return float((directions[1:] * directions[:-1]).sum(dim=1).mean())


def consistency_score(features: Tensor, network: str) -> Score:
    """The score of a video whose frames have the features (F, D) in `network`; no value for a single frame."""
    detail = f"{len(features)} frames; {network}"
    if len(features) < 2:
        return Score(None, f"{detail}: expected at least 2 frames")
    return Score(consecutive_cosine(features), detail)
