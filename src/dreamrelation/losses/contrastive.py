"""Space-time relational contrastive loss (RCL), section 3.4 of the paper."""

from collections import deque
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from dreamrelation.processes import for_mean_of_gradients, gathered
from dreamrelation.settings.losses import ContrastiveSettings


def frame_features(velocity: Tensor) -> Tensor:
    """Spatial means, (C, f, h, w) → (f, C)."""
    return velocity.mean(dim=(-2, -1)).transpose(0, 1)


def dynamics(features: Tensor) -> Tensor:
    """Differences of consecutive frames, (f, C) → (f − 1, C)."""
    return features[1:] - features[:-1]


def info_nce(anchors: Tensor, positives: Tensor, negatives: Tensor, temperature: float) -> Tensor:
    """Mean over positions i of logsumexp(A_i·{P_i, N}/τ) − logsumexp(A_i·P_i/τ).

    anchors: (n, C); positives: (P, n, C), row i belongs to anchor i; negatives: (N, C). All are L2-normalised here.
    With all candidates equal the loss is log((P + N)/P).
    """
    anchors, positives, negatives = (normalize(x, dim=-1) for x in (anchors, positives, negatives))
    to_positives = torch.einsum("nc,pnc->np", anchors, positives) / temperature
    to_negatives = torch.einsum("nc,mc->nm", anchors, negatives) / temperature
    everything = torch.cat([to_positives, to_negatives], dim=1)
    return (everything.logsumexp(dim=1) - to_positives.logsumexp(dim=1)).mean()


@dataclass(frozen=True)
class RememberedClip:
    """Dynamics of a clip that was seen before."""

    clip: str
    dynamics: Tensor
    """(f − 1, C), detached."""


class RelationMemory:
    """First in, first out: dynamics of whole clips as positives, single-frame features as negatives."""

    def __init__(self, clips: int, frames: int) -> None:
        self.clips: deque[RememberedClip] = deque(maxlen=clips)
        self.frames: deque[Tensor] = deque(maxlen=frames)

    def remember(self, clip: str, features: Tensor) -> None:
        """Keep a clip's (f, C) frame features where they are, without their gradients."""
        kept = features.detach().float()
        self.clips.append(RememberedClip(clip, dynamics(kept)))
        self.frames.extend(kept)

    def positives(self, own: Tensor, clip: str, count: int, generator: torch.Generator) -> Tensor | None:
        """Dynamics of up to `count` other clips, (P, f − 1, C), drawn without replacement; None if there is none.

        `own`: frame features of the clip, where the answer will be compared with them.
        """
        others = [kept.dynamics for kept in self.clips if kept.clip != clip]
        if not others:
            return None
        order = torch.randperm(len(others), generator=generator)[:count]
        return torch.stack([others[i].to(own) for i in order.tolist()])

    def negatives(self, own: Tensor, count: int, generator: torch.Generator) -> Tensor:
        """`count` single-frame features (N, C): the clip's own (f, C) first, then remembered ones."""
        chosen = [own[:count]]
        missing = count - len(chosen[0])
        if missing > 0 and self.frames:
            order = torch.randperm(len(self.frames), generator=generator)[:missing]
            chosen.append(torch.stack([self.frames[i].to(own) for i in order.tolist()]))
        return torch.cat(chosen)

    def state(self) -> dict[str, list]:
        """What `restore` needs, on the CPU."""
        return {
            "clips": [(kept.clip, kept.dynamics.cpu()) for kept in self.clips],
            "frames": [frame.cpu() for frame in self.frames],
        }

    def restore(self, state: dict[str, list]) -> None:
        self.clips.clear()
        self.frames.clear()
        self.clips.extend(RememberedClip(clip, kept) for clip, kept in state["clips"])
        self.frames.extend(state["frames"])


class RelationalContrast:
    """RCL with its memory of earlier steps."""

    def __init__(self, settings: ContrastiveSettings) -> None:
        self.settings = settings
        self.memory = RelationMemory(settings.memory_clips, settings.memory_frames)

    def __call__(self, predicted: Tensor, clips: list[str], generator: torch.Generator) -> Tensor | None:
        """Mean RCL over a batch of velocities (B, C, f, h, w) of these clips, which the memory then takes in.

        `clips` are those of all processes, of which this one predicted B: the loss is taken of all, so that every
        process has the same memory. None while the memory holds no other clip.
        """
        processes = len(clips) // len(predicted)
        features = list(gathered(torch.stack([frame_features(velocity) for velocity in predicted]), processes))
        losses = [self.of_clip(own, clip, generator) for own, clip in zip(features, clips, strict=True)]
        for own, clip in zip(features, clips, strict=True):
            self.memory.remember(clip, own)
        found = [loss for loss in losses if loss is not None]
        return for_mean_of_gradients(torch.stack(found).mean(), processes) if found else None

    def of_clip(self, features: Tensor, clip: str, generator: torch.Generator) -> Tensor | None:
        """RCL of one clip's frame features (f, C); None while the memory holds no other clip."""
        positives = self.memory.positives(features, clip, self.settings.positives, generator)
        if positives is None:
            return None
        negatives = self.memory.negatives(features, self.settings.negatives, generator)
        return info_nce(dynamics(features), positives, negatives, self.settings.temperature)
