"""Training the judge on the puppet theatre, and testing it on clips from a world that it has not seen."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from dreamrelation.puppets.models.degrade import degrade
from dreamrelation.puppets.models.judge_accuracy import fitted_temperature, judged, report_of
from dreamrelation.puppets.models.judge_clips import (
    ClipPool,
    World,
    held_out_world,
    render_clips,
    training_world,
)
from dreamrelation.puppets.models.pixels import as_frames, as_video
from dreamrelation.schedules import warmup_cosine


@dataclass(frozen=True)
class JudgeTraining:
    """Settings of the judge's training."""

    seed: int = 0
    clips: int = 6000
    """Rendered once; each is seen about ten times, never twice the same."""
    decoded_clips: int = 2000
    """The first of them are there a second time, as the small Mochi's autoencoder gives them back."""
    decoded_share: float = 0.3
    """Share of the training batches that is drawn from these."""
    held_out_clips: int = 960
    calibration_clips: int = 480
    """Of the training world, never trained on: the temperature of the motion's logits is fitted to them."""
    frames: int = 19
    spare_frames: int = 6
    """Training clips are longer by this, for windows that start at different moments."""
    height: int = 64
    width: int = 96
    steps: int = 4000
    batch: int = 24
    learning_rate: float = 2e-3
    warmup_steps: int = 100
    weight_decay: float = 0.02
    kind_weight: float = 0.5
    """Weight of the two figures' cross entropy beside the motion's."""
    label_smoothing: float = 0.02


RoundTrip = Callable[[np.ndarray], np.ndarray]
"""Frames (F, H, W, 3) uint8 → what an autoencoder makes of them, of the same shape; F is 6k + 1."""


class Logits(Protocol):
    """What the judge's network says of B clips."""

    @property
    def motion(self) -> Tensor:
        """(B, motions)."""
        ...

    @property
    def kinds(self) -> Tensor:
        """(B, 2, kinds), left and right."""
        ...


@dataclass(frozen=True)
class Batch:
    """Clips with their labels."""

    video: Tensor
    """(B, 3, F, H, W) in [-1, 1]."""
    motions: Tensor
    """(B,)."""
    kinds: Tensor
    """(B, 2)."""


def draw_view(frames: np.ndarray, length: int, rng: np.random.Generator) -> tuple[Tensor, bool]:
    """A random window of a clip (F, H, W, 3), mirrored or not, with its own losses of quality → (3, length, H, W).

    Says also whether it is mirrored.
    """
    start = int(rng.integers(len(frames) - length + 1))
    video = as_video(frames[start : start + length])
    mirrored = bool(rng.integers(2))
    return degrade(video.flip(-1) if mirrored else video, rng), mirrored


@dataclass(frozen=True)
class Pools:
    """What a judge learns from."""

    rendered: ClipPool
    decoded: ClipPool
    """Some of the same clips after the autoencoder's round trip."""


def draw_batch(pools: Pools, settings: JudgeTraining, step: int) -> Batch:
    """A training batch: random clips and windows, half of them mirrored, each with its own losses of quality."""
    rng = np.random.default_rng([settings.seed, 13, step])
    videos, motions, kinds = [], [], []
    for from_decoded in rng.uniform(size=settings.batch) < settings.decoded_share:
        pool = pools.decoded if from_decoded else pools.rendered
        n = int(rng.integers(len(pool)))
        video, mirrored = draw_view(pool.frames[n], settings.frames, rng)
        videos.append(video)
        motions.append(pool.motions[n])
        kinds.append(pool.kinds[n][::-1] if mirrored else pool.kinds[n])
    return Batch(torch.stack(videos), torch.from_numpy(np.array(motions)), torch.from_numpy(np.stack(kinds)))


def judge_loss(said: Logits, batch: Batch, settings: JudgeTraining) -> Tensor:
    """Cross entropy of the motion and, weighted, of the two figures."""
    motion = functional.cross_entropy(said.motion, batch.motions, label_smoothing=settings.label_smoothing)
    kinds = functional.cross_entropy(said.kinds.flatten(0, 1), batch.kinds.flatten())
    return motion + settings.kind_weight * kinds


def fit(model: nn.Module, pools: Pools, settings: JudgeTraining, progress: Callable[[str], None]) -> None:
    """Train in place."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    running = 0.0
    for step in range(settings.steps):
        batch = draw_batch(pools, settings, step)
        factor = warmup_cosine(step, settings.steps, settings.warmup_steps)
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * factor
        loss = judge_loss(model(batch.video), batch, settings)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        running += float(loss.detach())
        if (step + 1) % 100 == 0:
            progress(f"judge: step {step + 1} of {settings.steps}, loss {running / 100:.3f}")
            running = 0.0
    model.eval()


def round_tripped(pool: ClipPool, clips: int, round_trip: RoundTrip) -> ClipPool:
    """The first clips of a pool as an autoencoder gives them back."""
    frames = np.stack([round_trip(frames) for frames in pool.frames[:clips]])
    return ClipPool(frames, pool.motions[:clips], pool.kinds[:clips], pool.spoils[:clips])


def degraded(pool: ClipPool, seed: int) -> ClipPool:
    """A pool after the losses of quality that training clips suffer."""
    rngs = (np.random.default_rng([seed, 14, n]) for n in range(len(pool)))
    frames = [as_frames(degrade(as_video(clip), rng)) for clip, rng in zip(pool.frames, rngs, strict=True)]
    return ClipPool(np.stack(frames), pool.motions, pool.kinds, pool.spoils)


def calibration_world(seed: int) -> World:
    """The judge's training world, in clips that it was not trained on."""
    return replace(training_world(seed), seed=(seed, 18))


def calibrate(model: nn.Module, pool: ClipPool) -> float:
    """Divide the motion's logits by the temperature that makes them likeliest for a pool; returns it.

    It goes into the last layer, so the answers stay as they are and only their probabilities change.
    """
    temperature = fitted_temperature(judged(model, pool).motion_logits, torch.from_numpy(pool.motions))
    with torch.no_grad():
        for parameter in model.get_submodule("motion").parameters():
            parameter /= temperature
    return temperature


def train_judge(
    model: nn.Module, settings: JudgeTraining, round_trip: RoundTrip, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Train an untrained judge for the classes JUDGED_MOTIONS and JUDGED_KINDS in place.

    Returns the JSON-able report that is stored beside its weights: settings, seconds on the clock and of the processor,
    and how it does on held-out clips as they are, degraded, and after the autoencoder's round trip.
    """
    started = time.monotonic()
    size = settings.height, settings.width
    training_frames = settings.frames + settings.spare_frames
    pool = render_clips(training_world(settings.seed), settings.clips, training_frames, *size, progress)
    pools = Pools(pool, round_tripped(pool, settings.decoded_clips, round_trip))
    held_out = render_clips(held_out_world(settings.seed), settings.held_out_clips, settings.frames, *size, progress)
    decoded = round_tripped(held_out, len(held_out), round_trip)
    calibrating = render_clips(
        calibration_world(settings.seed), settings.calibration_clips, settings.frames, *size, progress
    )
    rendered = time.monotonic()
    processor = time.process_time()
    fit(model, pools, settings, progress)
    trained, processor = time.monotonic(), time.process_time() - processor
    temperature = calibrate(model, degraded(calibrating, settings.seed))
    report = {
        "name": "puppet_classifier",
        "training": asdict(settings),
        "seconds": {"rendering": round(rendered - started, 1), "training": round(trained - rendered, 1)},
        "training_processor_seconds": round(processor, 1),
        "temperature": temperature,
        "held_out_accuracy": report_of(judged(model, held_out), held_out),
        "held_out_accuracy_degraded": report_of(judged(model, degraded(held_out, settings.seed)), held_out),
        "held_out_accuracy_round_trip": report_of(judged(model, decoded), decoded),
    }
    progress(f"judge: held-out accuracy {report['held_out_accuracy']['motion']:.3f}")
    return report
