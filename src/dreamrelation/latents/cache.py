"""The cached clips of one relation: what a cache depends on, writing it, reading it, drawing from its posteriors."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import torch
from torch import Tensor

from dreamrelation.backbones.interface import LatentSpace, Posterior
from dreamrelation.errors import UserError
from dreamrelation.files import fingerprint
from dreamrelation.roles import ROLES, Role
from dreamrelation.settings.stages import LatentsStage
from dreamrelation.tables.rows import TRAIN
from dreamrelation.tables.tensors import LATENTS, latents_schema, read_tensors, tensors, write_tensors


class NoClipsError(UserError):
    """A cache has too few clips of a split."""


@dataclass(frozen=True)
class EncodedClip:
    """One clip as it is stored."""

    clip: str
    caption: str
    split: str
    posterior: Posterior
    """Of this clip alone, (C, f, h, w)."""
    masks: dict[Role, np.ndarray]
    """(f, h, w) in [0, 1] by role."""


@dataclass(frozen=True)
class CachedClips:
    """The clips of one relation that are used in one way."""

    clips: list[str]
    captions: list[str]
    mean: Tensor
    """(N, C, f, h, w) float32, the autoencoder's own space."""
    std: Tensor
    """(N, C, f, h, w) float32."""
    masks: dict[Role, Tensor]
    """(N, f, h, w) float32 in [0, 1] by role."""

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def grid(self) -> tuple[int, int, int]:
        """(f, h, w)."""
        f, h, w = self.mean.shape[-3:]
        return f, h, w

    def sample(self, rows: list[int], noise: Tensor) -> Tensor:
        """A fresh draw from the posterior of these clips, (B, C, f, h, w); `noise` has that shape."""
        return self.mean[rows] + self.std[rows] * noise

    def first(self, count: int) -> "CachedClips":
        """The first ones, or all where there are no more."""
        masks: dict[Role, Tensor] = {role: mask[:count] for role, mask in self.masks.items()}
        return CachedClips(self.clips[:count], self.captions[:count], self.mean[:count], self.std[:count], masks)

    def masks_of(self, rows: list[int]) -> dict[Role, Tensor]:
        """Masks (B, f, h, w) of these clips by role."""
        return {role: masks[rows] for role, masks in self.masks.items()}


def latents_fingerprint(settings: LatentsStage, autoencoder: str) -> str:
    """Digest of what a cache depends on: the autoencoder's fingerprint, the frames' size, how masks were pooled."""
    return fingerprint(
        autoencoder=autoencoder,
        height=settings.size.height,
        width=settings.size.width,
        union=settings.latents.union,
        pooling=settings.latents.pooling,
        normalisation="raw: the transformer's statistics are applied when training reads",
    )


def write_clips(path: Path, clips: list[EncodedClip], fingerprint: str) -> None:
    """Write `latents.parquet`; the clips have one length."""
    channels, *grid = clips[0].posterior.mean.shape
    rows = [
        {
            "clip": clip.clip,
            "caption": clip.caption,
            "split": clip.split,
            "mean": clip.posterior.mean.float().cpu().numpy(),
            "log_variance": clip.posterior.log_variance.float().cpu().numpy(),
            **{f"mask_{role}": mask for role, mask in clip.masks.items()},
        }
        for clip in clips
    ]
    write_tensors(path, latents_schema(channels, (grid[0], grid[1], grid[2])), rows, fingerprint)


def load_clips(path: Path, fingerprint: str, split: str = TRAIN, exemplars: int | None = None) -> CachedClips:
    """Read the clips of `latents.parquet` that are to be learnt from, or those of another split; all or the first ones.

    Raises UserError where it was made with another model or other settings, where fewer clips than `exemplars` are of
    the split, or none, or where a clip's value is not finite.
    """
    table = read_tensors(path, LATENTS, fingerprint)
    table = table.filter(pc.field("split") == split)
    if len(table) < (exemplars or 1):
        raise NoClipsError(
            f"{path}: found {len(table)} clips of the split {split!r}, expected {exemplars or 1} or more"
        )
    table = table.slice(0, exemplars)
    clips = table.column("clip").to_pylist()
    names = ("mean", "log_variance", *(f"mask_{role}" for role in ROLES))
    values = {name: torch.from_numpy(tensors(table, name).copy()).float() for name in names}
    for name, tensor in values.items():
        broken = [clip for clip, row in zip(clips, tensor, strict=True) if not bool(row.isfinite().all())]
        if broken:
            raise UserError(f"{path}: column {name} of clip {broken[0]} is not finite")
    return CachedClips(
        clips=clips,
        captions=table.column("caption").to_pylist(),
        mean=values["mean"],
        std=torch.exp(0.5 * values["log_variance"]),
        masks={role: values[f"mask_{role}"] for role in ROLES},
    )


def to_model_space(latents: Tensor, space: LatentSpace, normalise: bool) -> Tensor:
    """Latents as the transformer sees them; without `normalise` raw, as the released code has it."""
    return space.normalise(latents) if normalise else latents
