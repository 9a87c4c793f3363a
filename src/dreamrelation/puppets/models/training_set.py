"""The clips on which the small Mochi is trained: rendered once, encoded once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderKLMochi
from torch import Tensor

from dreamrelation.puppets.models.silent_branches import silent_branches_skipped
from dreamrelation.puppets.theatre.repertoire import shoot


@dataclass(frozen=True)
class TrainingSetSize:
    """How much of the repertoire is rendered."""

    seed: int = 0
    clips: int = 3000
    frames: int = 19
    height: int = 64
    width: int = 96


@dataclass
class TrainingSet:
    """Clips, and what the frozen encoder makes of them."""

    frames: Tensor
    """(N, F, H, W, 3) uint8."""
    figures: Tensor
    """(N, F, H, W) bool, pixels of either figure."""
    captions: list[str]
    latents: Tensor
    """(N, C, f, h, w) float32, posterior means in the autoencoder's own space."""

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation per latent channel, (C,) each."""
        return self.latents.mean(dim=(0, 2, 3, 4)), self.latents.std(dim=(0, 2, 3, 4))


def rendered(size: TrainingSetSize, indices: range) -> Iterator[tuple[np.ndarray, np.ndarray, str]]:
    """Frames, figure mask and caption of some clips; a clip depends on (seed, index) alone."""
    for index in indices:
        shot = shoot(size.seed, index, size.frames, size.height, size.width)
        yield shot.take.frames, np.asarray(shot.take.masks.any(axis=1)), shot.caption


@torch.no_grad()
def make_training_set(
    vae: AutoencoderKLMochi, size: TrainingSetSize, indices: range, progress: Callable[[int], None]
) -> TrainingSet:
    """Render and encode the clips of `indices`."""
    frames, figures, captions, latents = [], [], [], []
    with silent_branches_skipped(vae):
        for clip, mask, caption in rendered(size, indices):
            video = torch.from_numpy(clip).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
            latents.append(vae.encode(video, return_dict=False)[0].mean)
            frames.append(torch.from_numpy(clip))
            figures.append(torch.from_numpy(mask))
            captions.append(caption)
            progress(len(captions))
    return TrainingSet(torch.stack(frames), torch.stack(figures), captions, torch.cat(latents))


def joined(parts: list[TrainingSet]) -> TrainingSet:
    """One training set of several."""
    return TrainingSet(
        torch.cat([part.frames for part in parts]),
        torch.cat([part.figures for part in parts]),
        [caption for part in parts for caption in part.captions],
        torch.cat([part.latents for part in parts]),
    )
