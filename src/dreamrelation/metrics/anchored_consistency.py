"""How well a video keeps what its first frame showed: each frame beside the first one and beside the one before.

Subject and background consistency of VBench (arXiv 2311.17982) are this number, of DINO's and of CLIP's features. The
values are VBench's only where weights, frames and resizing are; so they are named as ours.
"""

import torch
from torch import Tensor
from torch.nn import functional

from dreamrelation.metrics.interface import MetricInfo, Score

CAUTION = "A still video has 1, so look at the motion too. The definition is VBench's; its numbers are of other videos."


def info(what: str) -> MetricInfo:
    """Of the consistency of something, such as "subject"."""
    return MetricInfo(
        label=f"{what.capitalize()} consistency",
        about=f"similarity of each frame to the first one and to the one before, which tells of the {what}",
        unit="cosine",
        better="higher",
        low=0.0,
        high=1.0,
    )


def anchored_cosine(features: Tensor) -> float:
    """Mean over frames t ≥ 1 of (max(0, f₀·f_t) + max(0, f_{t−1}·f_t))/2, of rows (F, D) at length 1.

    Raises ValueError for fewer than two rows.
    """
    if features.ndim != 2 or len(features) < 2:
        raise ValueError(f"found frame features {tuple(features.shape)}, expected (F, D) with F at least 2")
    directions = functional.normalize(features.to(torch.float64), dim=1)
    to_first = (directions[1:] @ directions[0]).clamp(min=0)
    to_last = (directions[1:] * directions[:-1]).sum(dim=1).clamp(min=0)
    return float(((to_first + to_last) / 2).mean())


def anchored_score(features: Tensor, network: str) -> Score:
    """The score of a video whose frames have the features (F, D) in `network`; no value for a single frame."""
    detail = f"{len(features)} frames; {network}"
    if len(features) < 2:
        return Score(None, f"{detail}: expected at least 2 frames")
    return Score(anchored_cosine(features), detail)
