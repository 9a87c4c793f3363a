"""Classifier-free guidance."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dreamrelation.backbones.interface import Denoiser, TextEmbeddings


@dataclass(frozen=True)
class Guidance:
    """How strongly a prompt is followed."""

    scale: float
    """1: the prompt alone; larger: away from the negative prompt."""
    negative: TextEmbeddings
    """(1, L, D) the embedded negative prompt, often the empty text."""
    embedded: float | None = None
    """What a model is told that is distilled to answer as if guided."""


def guided_velocity(
    denoiser: Denoiser, noisy: Tensor, sigma: float, texts: TextEmbeddings, guidance: Guidance
) -> Tensor:
    """v̂ = v̂(negative) + s·(v̂(prompt) − v̂(negative)), (B, C, f, h, w); both go through the model in one pass."""
    count = len(noisy)
    if guidance.scale == 1:
        return denoiser.velocity(noisy, torch.full((count,), sigma), texts, guidance.embedded)
    both = TextEmbeddings.joined([guidance.negative.expand(count), texts])
    answers = denoiser.velocity(torch.cat([noisy, noisy]), torch.full((2 * count,), sigma), both, guidance.embedded)
    without, prompted = answers.chunk(2)
    return without + guidance.scale * (prompted - without)
