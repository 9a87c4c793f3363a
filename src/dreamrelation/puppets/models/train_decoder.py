"""Training the decoder of the small Mochi's autoencoder; the encoder is linear, see `block_pca`, and stays as it is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderKLMochi
from torch import Tensor, nn

from dreamrelation.backbones.mochi.spec import MOCHI
from dreamrelation.puppets.models.block_pca import LOG_VARIANCE
from dreamrelation.puppets.models.pixels import as_video
from dreamrelation.puppets.models.training_loop import TrainingState, train_model
from dreamrelation.puppets.models.training_set import PixelSet
from dreamrelation.schedules import warmup_cosine


@dataclass(frozen=True)
class Phase:
    """One stretch of training on crops of one size, in latent cells."""

    steps: int
    frames: int
    height: int
    width: int
    batch: int


@dataclass(frozen=True)
class DecoderTraining:
    """Settings of the decoder's training."""

    seed: int = 0
    phases: tuple[Phase, ...] = (Phase(2200, 2, 6, 8, 2), Phase(200, 4, 8, 12, 1))
    learning_rate: float = 5e-4
    warmup_steps: int = 50
    edge_weight: float = 0.5
    """Weight of the error of spatial differences."""
    figure_weight: float = 2.0
    """Extra weight of a figure's pixels."""

    @property
    def steps(self) -> int:
        return sum(phase.steps for phase in self.phases)


@dataclass(frozen=True)
class Crop:
    """Latents and the pixels that they stand for."""

    latents: Tensor
    """(B, C, f, h, w)."""
    video: Tensor
    """(B, 3, F, H, W) in [-1, 1]."""
    figures: Tensor
    """(B, 1, F, H, W) in {0, 1}."""


def draw_crop(data: PixelSet, phase: Phase, rng: np.random.Generator) -> Crop:
    """Crops round a figure's pixel, at any time of the clip; all of a batch start at the same latent frame."""
    f, h, w = data.latents.shape[2:]
    start = int(rng.integers(f - phase.frames + 1))
    frames = slice(MOCHI.covered_frames(start).start, MOCHI.covered_frames(start + phase.frames - 1).stop)
    cell = MOCHI.spatial_stride
    latents, videos, figures = [], [], []
    for n in rng.integers(len(data.latents), size=phase.batch).tolist():
        places = data.figures[n, frames].any(dim=0).nonzero()
        y, x = (places[int(rng.integers(len(places)))] // cell).tolist()
        top = int(np.clip(y - rng.integers(phase.height), 0, h - phase.height))
        left = int(np.clip(x - rng.integers(phase.width), 0, w - phase.width))
        latents.append(
            data.latents[n, :, start : start + phase.frames, top : top + phase.height, left : left + phase.width]
        )
        rows = slice(top * cell, (top + phase.height) * cell)
        columns = slice(left * cell, (left + phase.width) * cell)
        videos.append(data.frames[n, frames, rows, columns])
        figures.append(data.figures[n, frames, rows, columns])
    video = as_video(torch.stack(videos))
    return Crop(torch.stack(latents), video, torch.stack(figures)[:, None].float())


def reconstruction_loss(output: Tensor, crop: Crop, settings: DecoderTraining) -> Tensor:
    """Weighted mean absolute error of values and of spatial differences."""
    weight = 1 + settings.figure_weight * crop.figures
    loss = (weight * (output - crop.video).abs()).mean()
    for axis in (-1, -2):
        edges = (output.diff(dim=axis) - crop.video.diff(dim=axis)).abs()
        loss = loss + settings.edge_weight * (weight.narrow(axis, 1, edges.shape[axis]) * edges).mean()
    return loss


def step_loss(decoder: nn.Module, data: PixelSet, settings: DecoderTraining, step: int) -> Tensor:
    """The loss of one training step, on crops and posterior noise that depend on (seed, step) alone."""
    ends = np.cumsum([phase.steps for phase in settings.phases])
    phase = settings.phases[int(np.searchsorted(ends, step, side="right"))]
    rng = np.random.default_rng([settings.seed, 1, step])
    crop = draw_crop(data, phase, rng)
    noise = torch.from_numpy(rng.standard_normal(tuple(crop.latents.shape), dtype=np.float32))
    spread = float(np.exp(0.5 * LOG_VARIANCE))
    with torch.autocast("cpu", torch.bfloat16):
        output = decoder((crop.latents + spread * noise).to(memory_format=torch.channels_last_3d))[0]
    return reconstruction_loss(output[:, :, -crop.video.shape[2] :].float(), crop, settings)


def train_decoder(
    vae: AutoencoderKLMochi,
    data: PixelSet,
    settings: DecoderTraining,
    state: TrainingState | None,
    save: Callable[[TrainingState], None],
    save_every: int = 100,
) -> TrainingState:
    """Train the decoder of `vae` in place, or go on from `state`; `save` is called every `save_every` steps."""
    decoder: nn.Module = vae.decoder
    decoder.to(memory_format=torch.channels_last_3d)  # a quarter less time on CPUs
    state = train_model(
        decoder,
        torch.optim.AdamW(decoder.parameters(), lr=settings.learning_rate, weight_decay=0.0, betas=(0.9, 0.98)),
        lambda step: settings.learning_rate * warmup_cosine(step, settings.steps, settings.warmup_steps, floor=0.02),
        lambda step: step_loss(decoder, data, settings, step),
        settings.steps,
        state,
        save,
        save_every,
    )
    decoder.to(memory_format=torch.contiguous_format)
    return state
