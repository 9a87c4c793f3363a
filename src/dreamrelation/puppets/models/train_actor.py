"""The judge's second training: its head for who acts, on features of the finished judge, which stays as it is.

What the first training has left in the judge's features tells left from right, so the head alone is trained, on
features that are computed once.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from dreamrelation.puppets.models.degrade import degrade
from dreamrelation.puppets.models.judge_clips import (
    ACTING_MOTIONS,
    JUDGED_MOTIONS,
    JudgeClip,
    World,
    acting_clips,
    held_out_world,
    training_world,
)
from dreamrelation.puppets.models.pixels import as_video
from dreamrelation.puppets.models.train_judge import draw_view
from dreamrelation.schedules import warmup_cosine

Features = Callable[[Tensor], Tensor]
"""Video (1, 3, F, H, W) in [-1, 1] → (1, D), of a judge that is not trained any more."""


@dataclass(frozen=True)
class ActorTraining:
    """Settings of the training of the head for who acts."""

    seed: int = 0
    clips: int = 1500
    """Of motions with an actor."""
    views: int = 3
    """Of each clip: windows, half of them mirrored, each with its own losses of quality."""
    held_out_clips: int = 300
    frames: int = 19
    spare_frames: int = 3
    """Training clips are longer by this, for windows that start at different moments."""
    height: int = 64
    width: int = 96
    steps: int = 1200
    batch: int = 256
    learning_rate: float = 3e-3
    warmup_steps: int = 50
    weight_decay: float = 0.1
    label_smoothing: float = 0.02


@dataclass(frozen=True)
class ActorSet:
    """Features of N views of clips, and who acts in them."""

    features: Tensor
    """(N, D)."""
    actors: Tensor
    """(N,) int64, 0 left and 1 right."""
    motions: tuple[str, ...]
    """N names."""


def actor_world(seed: int) -> World:
    """The judge's training world, in clips that it was not trained on: their features are those of any clip."""
    return replace(training_world(seed), seed=(seed, 15))


@torch.no_grad()
def training_views(features: Features, settings: ActorTraining, progress: Callable[[str], None]) -> ActorSet:
    """Views of the training clips."""
    size = settings.height, settings.width
    clips = acting_clips(actor_world(settings.seed), settings.clips, settings.frames + settings.spare_frames, *size)
    found, actors, motions = [], [], []
    for n, clip in enumerate(clips):
        for view in range(settings.views):
            rng = np.random.default_rng([settings.seed, 16, n, view])
            video, mirrored = draw_view(clip.frames, settings.frames, rng)
            found.append(features(video[None]))
            actors.append(_actor(clip) ^ int(mirrored))
            motions.append(JUDGED_MOTIONS[clip.motion])
        if (n + 1) % 300 == 0:
            progress(f"judge: rendered and looked at {n + 1} of {settings.clips} clips with an actor")
    return ActorSet(torch.cat(found), torch.tensor(actors), tuple(motions))


@torch.no_grad()
def whole_clips(features: Features, clips: Iterable[JudgeClip], seed: int | None = None) -> ActorSet:
    """Clips as they are; with a `seed` degraded as in training."""
    found, actors, motions = [], [], []
    for n, clip in enumerate(clips):
        video = as_video(clip.frames)
        if seed is not None:
            video = degrade(video, np.random.default_rng([seed, 14, n]))
        found.append(features(video[None]))
        actors.append(_actor(clip))
        motions.append(JUDGED_MOTIONS[clip.motion])
    return ActorSet(torch.cat(found), torch.tensor(actors), tuple(motions))


def _actor(clip: JudgeClip) -> int:
    if clip.actor is None:
        raise ValueError(f"a clip of {JUDGED_MOTIONS[clip.motion]} has no actor")
    return clip.actor


def fit_head(head: nn.Module, views: ActorSet, settings: ActorTraining) -> None:
    """Train a head (B, D) → (B, 2) in place, by cross entropy. Its dropout is seeded, too."""
    head.train()
    rng = np.random.default_rng([settings.seed, 17])
    optimizer = torch.optim.AdamW(head.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        for step in range(settings.steps):
            drawn = torch.from_numpy(rng.integers(len(views.actors), size=settings.batch))
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * warmup_cosine(step, settings.steps, settings.warmup_steps)
            said = head(views.features[drawn])
            loss = functional.cross_entropy(said, views.actors[drawn], label_smoothing=settings.label_smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
    head.eval()


@torch.no_grad()
def actor_accuracy(head: nn.Module, clips: ActorSet) -> dict[str, Any]:
    """Shares of clips whose actor is found: of all and per motion."""
    head.eval()
    right = (head(clips.features).argmax(dim=1) == clips.actors).tolist()
    answers = {name: [r for r, of in zip(right, clips.motions, strict=True) if of == name] for name in ACTING_MOTIONS}
    return {
        "actor": float(np.mean(right)),
        "per_motion": {name: float(np.mean(found)) for name, found in answers.items() if found},
        "clips": len(right),
    }


def train_actor_head(
    features: Features, head: nn.Module, settings: ActorTraining, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Train an untrained head in place, on features of a judge in evaluation mode that stays as it is.

    Returns the JSON-able report that is stored beside the weights: settings, seconds, held-out accuracies.
    """
    started = time.monotonic()
    views = training_views(features, settings, progress)
    world, size = held_out_world(settings.seed), (settings.height, settings.width)
    clips = list(acting_clips(world, settings.held_out_clips, settings.frames, *size))
    held_out, degraded = whole_clips(features, clips), whole_clips(features, clips, settings.seed)
    looked = time.monotonic()
    fit_head(head, views, settings)
    report = {
        "training": asdict(settings),
        "seconds": {
            "rendering_and_features": round(looked - started, 1),
            "training": round(time.monotonic() - looked, 1),
        },
        "held_out_accuracy": actor_accuracy(head, held_out),
        "held_out_accuracy_degraded": actor_accuracy(head, degraded),
    }
    progress(f"judge: held-out accuracy of the actor {report['held_out_accuracy']['actor']:.3f}")
    return report
