"""What happens to clips that a small diffusion model draws: they lose contrast and edges, and neighbours in time mix.

The judge learns from clips that suffered the same, so that it looks at what is played and not at how sharp it is.
Videos are (3, F, H, W) in [-1, 1].
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from dreamrelation.backbones.mochi.spec import MOCHI


def recolour(video: Tensor, rng: np.random.Generator) -> Tensor:
    """Another contrast, brightness and tint. Small: a fox is told from a cat by its colour."""
    contrast, brightness = rng.uniform(0.7, 1.1), rng.uniform(-0.12, 0.12)
    tint = torch.from_numpy(rng.uniform(0.92, 1.08, (3, 1, 1, 1)).astype(np.float32))
    return video * (contrast * tint) + brightness


def blur(video: Tensor, rng: np.random.Generator) -> Tensor:
    """Shrink the frames up to 3.5 times and stretch them again."""
    factor = rng.uniform(1.2, 3.5)
    height, width = video.shape[-2:]
    frames = video.transpose(0, 1)
    small = functional.interpolate(frames, (round(height / factor), round(width / factor)), mode="area")
    return functional.interpolate(small, (height, width), mode="bilinear", align_corners=False).transpose(0, 1)


def ghost(video: Tensor, rng: np.random.Generator) -> Tensor:
    """Mix every frame with the ones before and after it."""
    share = rng.uniform(0.1, 0.35)
    before = torch.cat([video[:, :1], video[:, :-1]], dim=1)
    after = torch.cat([video[:, 1:], video[:, -1:]], dim=1)
    return (1 - 2 * share) * video + share * (before + after)


def smear(video: Tensor, rng: np.random.Generator) -> Tensor:
    """Mix every frame with the mean of those that share its latent frame, as a weak video decoder does."""
    share = rng.uniform(0.15, 0.6)
    number = torch.arange(video.shape[1])
    group = (number + MOCHI.temporal_stride - 1) // MOCHI.temporal_stride
    mixing = (group[:, None] == group[None, :]).float()
    mixing = mixing / mixing.sum(dim=1, keepdim=True)
    means = torch.einsum("fg,cghw->cfhw", mixing, video)
    return (1 - share) * video + share * means


def noise(video: Tensor, rng: np.random.Generator) -> Tensor:
    """Grain, of single pixels or of blobs."""
    strength, grain = rng.uniform(0.02, 0.12), int(rng.integers(1, 5))
    channels, frames, height, width = video.shape
    shape = (frames, channels, -(-height // grain), -(-width // grain))
    drawn = torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))
    if grain > 1:
        drawn = functional.interpolate(drawn, (height, width), mode="bilinear", align_corners=False)
    return video + strength * drawn.transpose(0, 1)


def degrade(video: Tensor, rng: np.random.Generator, likelihood: float = 0.4) -> Tensor:
    """A clip (3, F, H, W) after recolouring and each of the other losses with this likelihood."""
    video = recolour(video, rng)
    for loss in (blur, ghost, smear, noise):
        if rng.uniform() < likelihood:
            video = loss(video, rng)
    return video.clamp(-1, 1)
