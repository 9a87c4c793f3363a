"""The clips on which the small Mochi is trained: pixels for the autoencoder, latents for the transformer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderKLMochi
from torch import Tensor

from dreamrelation.puppets.models.pixels import as_video
from dreamrelation.puppets.models.silent_branches import silent_branches_skipped
from dreamrelation.puppets.theatre.repertoire import AUTOENCODERS, Repertoire, Shot, shoot

ENCODED_TOGETHER = 16


@dataclass(frozen=True)
class TrainingSetSize:
    """How much of the repertoires is rendered, and at what size."""

    seed: int = 0
    autoencoder_clips: int = 3000
    transformer_clips: int = 24_000
    improvised_clips: int = 12_000
    frames: int = 19
    height: int = 64
    width: int = 96

    def shot(self, repertoire: Repertoire, index: int) -> Shot:
        """A clip of a repertoire; it depends on (repertoire, seed, index) alone."""
        return shoot(repertoire, self.seed, index, self.frames, self.height, self.width)


@dataclass
class PixelSet:
    """What the decoder learns from: clips of the autoencoder's repertoire."""

    frames: Tensor
    """(N, F, H, W, 3) uint8."""
    figures: Tensor
    """(N, F, H, W) bool, pixels of either figure."""
    latents: Tensor
    """(N, C, f, h, w) float32, posterior means in the autoencoder's own space."""


@dataclass
class LatentSet:
    """What the transformer learns from: encoded clips of its own repertoire."""

    latents: Tensor
    """(N, C, f, h, w) float16, posterior means in the autoencoder's own space."""
    captions: list[str]

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation per latent channel, (C,) each."""
        latents = self.latents.float()
        return latents.mean(dim=(0, 2, 3, 4)), latents.std(dim=(0, 2, 3, 4))


def make_pixel_set(vae: AutoencoderKLMochi, size: TrainingSetSize, progress: Callable[[int], None]) -> PixelSet:
    """Render and encode the decoder's clips."""
    frames, figures, latents = [], [], []
    for taken in _encoded(vae, size, AUTOENCODERS, range(size.autoencoder_clips)):
        frames += [shot.take.frames for shot in taken.shots]
        figures += [shot.take.masks.any(axis=1) for shot in taken.shots]
        latents.append(taken.latents)
        progress(len(frames))
    return PixelSet(torch.from_numpy(np.stack(frames)), torch.from_numpy(np.stack(figures)), torch.cat(latents))


def make_latent_set(
    vae: AutoencoderKLMochi, size: TrainingSetSize, repertoire: Repertoire, indices: range
) -> LatentSet:
    """Render and encode some clips for the transformer."""
    parts = list(_encoded(vae, size, repertoire, indices))
    captions = [shot.caption for part in parts for shot in part.shots]
    return LatentSet(torch.cat([part.latents.half() for part in parts]), captions)


def joined(parts: list[LatentSet]) -> LatentSet:
    """One set of several."""
    captions = [caption for part in parts for caption in part.captions]
    return LatentSet(torch.cat([part.latents for part in parts]), captions)


@dataclass(frozen=True)
class _Taken:
    shots: list[Shot]
    latents: Tensor


@torch.no_grad()
def _encoded(
    vae: AutoencoderKLMochi, size: TrainingSetSize, repertoire: Repertoire, indices: range
) -> Iterator[_Taken]:
    with silent_branches_skipped(vae):
        for at in range(0, len(indices), ENCODED_TOGETHER):
            shots = [size.shot(repertoire, index) for index in indices[at : at + ENCODED_TOGETHER]]
            video = as_video(np.stack([shot.take.frames for shot in shots]))
            yield _Taken(shots, vae.encode(video, return_dict=False)[0].mean)
