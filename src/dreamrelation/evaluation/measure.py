"""What every measure is: something that looks at one generated video and gives scores.

A measure that compares sets of videos (FVD) or asks a language model (a VLM judge) has the same shape: a name per
score, and a reason where there is no value.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

Result = TypeVar("Result")


@dataclass(frozen=True)
class JudgedVideo:
    """One generated video and what it was meant to show."""

    frames: np.ndarray
    """(F, H, W, 3) uint8 RGB."""
    prompt: str
    relation: str
    """The relation's slug."""
    subjects: tuple[str, str]
    """The prompt's two subjects."""
    _shared: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    def once(self, key: Hashable, compute: Callable[[], Result]) -> Result:
        """The result of `compute`, which several measures of this video share under `key`."""
        if key not in self._shared:
            self._shared[key] = compute()
        return self._shared[key]


@dataclass(frozen=True)
class Score:
    """One number about one video."""

    metric: str
    value: float | None
    """None where it could not be taken."""
    detail: str
    """How it was taken, or why not."""


class Measure(Protocol):
    """Takes one or more scores of a video."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the scores, always all of them and in this order."""
        ...

    def take(self, video: JudgedVideo) -> list[Score]:
        """The scores of one video."""
        ...


class FrameFeatures(Protocol):
    """Describes each frame of a video by a vector."""

    @property
    def name(self) -> str:
        """Which network, for the detail of a score."""
        ...

    def of(self, video: JudgedVideo) -> Tensor:
        """(F, D) float32."""
        ...


def as_video(frames: np.ndarray) -> Tensor:
    """(F, H, W, 3) uint8 → (1, 3, F, H, W) float32 in [-1, 1]. Raises ValueError for another dtype or shape."""
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3:
        raise ValueError(f"found frames {frames.dtype} {frames.shape}, expected uint8 (F, H, W, 3)")
    return torch.from_numpy(frames).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
