"""Training the judge on the puppet theatre, and testing it on clips from a world that it has not seen."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from dreamrelation.puppets.models.degrade import degrade
from dreamrelation.puppets.models.judge_clips import (
    JUDGED_MOTIONS,
    NONE,
    ClipPool,
    held_out_world,
    render_clips,
    training_world,
)
from dreamrelation.schedules import warmup_cosine


@dataclass(frozen=True)
class JudgeTraining:
    """Settings of the judge's training."""

    seed: int = 0
    clips: int = 3000
    """Rendered once; each is seen about five times, never twice the same."""
    held_out_clips: int = 480
    frames: int = 19
    spare_frames: int = 3
    """Training clips are longer by this, for windows that start at different moments."""
    height: int = 64
    width: int = 96
    steps: int = 2000
    batch: int = 8
    learning_rate: float = 2e-3
    warmup_steps: int = 100
    weight_decay: float = 0.02
    kind_weight: float = 0.5
    """Weight of the two figures' cross entropy beside the motion's."""
    label_smoothing: float = 0.02


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


def as_video(frames: np.ndarray) -> Tensor:
    """(F, H, W, 3) uint8 → (3, F, H, W) in [-1, 1]."""
    return torch.from_numpy(frames).permute(3, 0, 1, 2).float() / 127.5 - 1


def draw_view(frames: np.ndarray, length: int, rng: np.random.Generator) -> tuple[Tensor, bool]:
    """A random window of a clip (F, H, W, 3), mirrored or not, with its own losses of quality → (3, length, H, W).

    Says also whether it is mirrored.
    """
    start = int(rng.integers(len(frames) - length + 1))
    video = as_video(frames[start : start + length])
    mirrored = bool(rng.integers(2))
    return degrade(video.flip(-1) if mirrored else video, rng), mirrored


def draw_batch(pool: ClipPool, settings: JudgeTraining, step: int) -> Batch:
    """A training batch: random clips and windows, half of them mirrored, each with its own losses of quality."""
    rng = np.random.default_rng([settings.seed, 13, step])
    videos, motions, kinds = [], [], []
    for n in rng.integers(len(pool.motions), size=settings.batch):
        video, mirrored = draw_view(pool.frames[n], settings.frames, rng)
        videos.append(video)
        motions.append(pool.motions[n])
        kinds.append(pool.kinds[n][::-1] if mirrored else pool.kinds[n])
    return Batch(torch.stack(videos), torch.from_numpy(np.array(motions)), torch.from_numpy(np.stack(kinds)))


def judge_loss(said: Logits, batch: Batch, settings: JudgeTraining) -> Tensor:
    """Cross entropy of the motion and, weighted, of the two figures."""
    motion = functional.cross_entropy(said.motion.float(), batch.motions, label_smoothing=settings.label_smoothing)
    kinds = functional.cross_entropy(said.kinds.float().flatten(0, 1), batch.kinds.flatten())
    return motion + settings.kind_weight * kinds


def fit(model: nn.Module, pool: ClipPool, settings: JudgeTraining, progress: Callable[[str], None]) -> None:
    """Train in place."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    running = 0.0
    for step in range(settings.steps):
        batch = draw_batch(pool, settings, step)
        factor = warmup_cosine(step, settings.steps, settings.warmup_steps)
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * factor
        with torch.autocast("cpu", torch.bfloat16):
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


@torch.no_grad()
def held_out_accuracy(model: nn.Module, pool: ClipPool, seed: int | None = None) -> dict[str, Any]:
    """Shares of right answers: for the motion, for each figure, and per motion (`none` among them).

    With a `seed` the clips are degraded first, as in training.
    """
    model.eval()
    right: dict[str, list[bool]] = {name: [] for name in JUDGED_MOTIONS}
    figures = []
    for n, frames in enumerate(pool.frames):
        video = as_video(frames)
        if seed is not None:
            video = degrade(video, np.random.default_rng([seed, 14, n]))
        said = model(video[None])
        right[JUDGED_MOTIONS[pool.motions[n]]].append(int(said.motion[0].argmax()) == pool.motions[n])
        figures.append(said.kinds[0].argmax(dim=-1).numpy() == pool.kinds[n])
    played = [answer for name, answers in right.items() if name != NONE for answer in answers]
    return {
        "motion": float(np.mean(played)),
        "figure": float(np.mean(figures)),
        "per_motion": {name: float(np.mean(answers)) for name, answers in right.items() if answers},
        "clips": len(pool.motions),
    }


def train_judge(model: nn.Module, settings: JudgeTraining, progress: Callable[[str], None]) -> dict[str, Any]:
    """Train an untrained judge for the classes JUDGED_MOTIONS and JUDGED_KINDS in place.

    Returns the JSON-able report that is stored beside its weights: settings, seconds on the clock and of the processor,
    held-out accuracies.
    """
    started = time.monotonic()
    size = settings.height, settings.width
    training_frames = settings.frames + settings.spare_frames
    pool = render_clips(training_world(settings.seed), settings.clips, training_frames, *size, progress)
    held_out = render_clips(held_out_world(settings.seed), settings.held_out_clips, settings.frames, *size, progress)
    rendered = time.monotonic()
    processor = time.process_time()
    fit(model, pool, settings, progress)
    trained, processor = time.monotonic(), time.process_time() - processor
    report = {
        "name": "puppet_classifier",
        "training": asdict(settings),
        "seconds": {"rendering": round(rendered - started, 1), "training": round(trained - rendered, 1)},
        "training_processor_seconds": round(processor, 1),
        "held_out_accuracy": held_out_accuracy(model, held_out),
        "held_out_accuracy_degraded": held_out_accuracy(model, held_out, settings.seed),
    }
    progress(f"judge: held-out accuracy {report['held_out_accuracy']['motion']:.3f}")
    return report
