"""Training the small Mochi's autoencoder on the puppet theatre.

First crops round the figures, which hold all that is hard; then whole pictures, because the group norms of the
Mochi VAE look at a frame's statistics, which crops do not have.
"""

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from diffusers import AutoencoderKLMochi
from torch import Tensor, nn

from dreamrelation.geometry import SPATIAL_STRIDE, TEMPORAL_STRIDE, latent_grid
from dreamrelation.puppets.repertoire import shoot
from dreamrelation.puppets.small_mochi import LATENT_CHANNELS, small_vae
from dreamrelation.schedules import warmup_cosine


@dataclass(frozen=True)
class Phase:
    """One stretch of training on clips of one size."""

    steps: int
    frames: int
    height: int
    width: int
    batch: int
    colour_weight: float
    """Weight of the colour anchor, see `colour_anchor_loss`."""


@dataclass(frozen=True)
class VaeTraining:
    """Settings of the autoencoder's training."""

    seed: int = 0
    clips: int = 1500
    frames: int = 19
    height: int = 64
    width: int = 96
    phases: tuple[Phase, ...] = (
        Phase(900, 7, 48, 48, 4, colour_weight=0.0),
        Phase(1000, 7, 64, 96, 2, colour_weight=1.0),
        Phase(100, 19, 64, 96, 1, colour_weight=1.0),
    )
    learning_rate: float = 1e-3
    warmup_steps: int = 100
    kl_weight: float = 1e-4
    """Weight of the mean KL per latent element beside the mean absolute error per pixel."""
    edge_weight: float = 0.5
    """Weight of the error of spatial differences."""
    figure_weight: float = 2.0
    """Extra weight of a figure's pixels."""
    quiet_steps: int = 1200
    """Steps over which the posterior noise grows from exp(-2) of its size to all of it."""

    @property
    def steps(self) -> int:
        return sum(phase.steps for phase in self.phases)


@dataclass
class VaeState:
    """All that a stopped training needs to go on."""

    model: dict[str, Tensor]
    optimizer: dict
    step: int
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)


def _frames_and_masks(index: int, settings: VaeTraining) -> tuple[np.ndarray, np.ndarray]:
    shot = shoot(settings.seed, index, settings.frames, settings.height, settings.width, rare_weight=1.0)
    return shot.take.frames, shot.take.masks.any(axis=1)


def render_pool(settings: VaeTraining, workers: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Clips (N, F, H, W, 3) uint8 and figure masks (N, F, H, W) bool."""
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        clips = pool.map(partial(_frames_and_masks, settings=settings), range(settings.clips), chunksize=50)
    return np.stack([frames for frames, _ in clips]), np.stack([mask for _, mask in clips])


def draw_batch(clips: np.ndarray, masks: np.ndarray, phase: Phase, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A batch of crops in [-1, 1], (B, 3, F, H, W), and their figure masks, (B, 1, F, H, W)."""
    videos, figures = [], []
    for _ in range(phase.batch):
        n = int(rng.integers(len(clips)))
        t = int(rng.integers(clips.shape[1] - phase.frames + 1))
        window = slice(t, t + phase.frames)
        rows, columns = np.nonzero(masks[n, window].any(axis=0))
        seed = int(rng.integers(len(rows)))
        y, x = (
            int(np.clip(centre - size // 2 + rng.integers(-12, 13), 0, limit - size))
            for centre, size, limit in (
                (rows[seed], phase.height, clips.shape[2]),
                (columns[seed], phase.width, clips.shape[3]),
            )
        )
        place = (n, window, slice(y, y + phase.height), slice(x, x + phase.width))
        videos.append(clips[place])
        figures.append(masks[place])
    video = torch.from_numpy(np.stack(videos)).permute(0, 4, 1, 2, 3).float() / 127.5 - 1
    return video, torch.from_numpy(np.stack(figures))[:, None].float()


def reconstruction_loss(output: Tensor, target: Tensor, figures: Tensor, settings: VaeTraining) -> Tensor:
    """Weighted mean absolute error of values and of spatial differences."""
    weight = 1 + settings.figure_weight * figures
    error = (output - target).abs()
    loss = (weight * error).mean()
    for axis in (-1, -2):
        edges = (output.diff(dim=axis) - target.diff(dim=axis)).abs()
        loss = loss + settings.edge_weight * (weight.narrow(axis, 1, edges.shape[axis]) * edges).mean()
    return loss


def colour_anchor_loss(mean: Tensor, video: Tensor) -> Tensor:
    """Distance of the first three latent channels from twice the mean colour of the pixels that a cell covers.

    The group norms at the end of Mochi's encoder hide flat colours from the loss; this shows them the way.
    """
    first, rest = video[:, :, :1], video[:, :, 1:].unflatten(2, (-1, TEMPORAL_STRIDE)).mean(dim=3)
    colour = nn.functional.avg_pool3d(torch.cat([first, rest], dim=2), (1, SPATIAL_STRIDE, SPATIAL_STRIDE))
    return (mean[:, :3] - 2 * colour).abs().mean()


def vae_loss(
    vae: nn.Module, video: Tensor, figures: Tensor, quiet: float, phase: Phase, settings: VaeTraining, noise: Tensor
) -> Tensor:
    """`quiet` in [0, 1] is the share of the way from nearly deterministic latents to the whole posterior noise."""
    mean, log_variance = vae.encoder(video)[0].float().chunk(2, dim=1)
    log_variance = log_variance.clamp(-12, 6)
    latent = mean + torch.exp(0.5 * log_variance - 2 * (1 - quiet)) * noise
    output = vae.decoder(latent)[0][:, :, -video.shape[2] :].float()
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).mean()
    loss = reconstruction_loss(output, video, figures, settings) + settings.kl_weight * kl
    return loss + phase.colour_weight * colour_anchor_loss(mean, video)


def train_vae(
    settings: VaeTraining,
    state: VaeState | None,
    save: Callable[[VaeState], None],
    save_every: int = 100,
) -> tuple[AutoencoderKLMochi, VaeState]:
    """Train, or go on from `state`; `save` is called every `save_every` steps."""
    torch.manual_seed(settings.seed)
    vae = small_vae()
    optimizer = torch.optim.AdamW(vae.parameters(), lr=settings.learning_rate, weight_decay=0.0, betas=(0.9, 0.98))
    if state is None:
        state = VaeState(vae.state_dict(), optimizer.state_dict(), step=0)
    else:
        vae.load_state_dict(state.model)
        optimizer.load_state_dict(state.optimizer)
    clips, masks = render_pool(settings)
    ends = np.cumsum([phase.steps for phase in settings.phases])
    started = time.monotonic()
    while state.step < settings.steps:
        phase = settings.phases[int(np.searchsorted(ends, state.step, side="right"))]
        rng = np.random.default_rng([settings.seed, 1, state.step])
        video, figures = draw_batch(clips, masks, phase, rng)
        latent_shape = (phase.batch, LATENT_CHANNELS, *latent_grid(phase.frames, phase.height, phase.width))
        noise = torch.from_numpy(rng.standard_normal(latent_shape, dtype=np.float32))
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * warmup_cosine(
                state.step, settings.steps, settings.warmup_steps, floor=0.02
            )
        with torch.autocast("cpu", torch.bfloat16):
            quiet = min(state.step / max(settings.quiet_steps, 1), 1.0)
            loss = vae_loss(vae, video, figures, quiet, phase, settings, noise)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        state.losses.append(float(loss.detach()))
        state.step += 1
        if state.step % save_every == 0 or state.step == settings.steps:
            state.model, state.optimizer = vae.state_dict(), optimizer.state_dict()
            state.seconds += time.monotonic() - started
            started = time.monotonic()
            save(state)
    return vae, state
