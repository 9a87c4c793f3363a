"""The cached clips of one relation in memory, and drawing from their posterior."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dreamrelation import tables
from dreamrelation.backbones.interface import LatentSpace
from dreamrelation.roles import ROLES, Role


@dataclass(frozen=True)
class CachedClips:
    """All clips of one relation."""

    clips: list[str]
    captions: list[str]
    mean: Tensor
    """(N, C, f, h, w) float32, the autoencoder's own space."""
    deviation: Tensor
    """(N, C, f, h, w) float32."""
    masks: dict[Role, Tensor]
    """(N, f, h, w) float32 in [0, 1] by role."""

    def __len__(self) -> int:
        return len(self.clips)

    def sample(self, rows: list[int], noise: Tensor) -> Tensor:
        """A fresh draw from the posterior of these clips, (B, C, f, h, w); `noise` has that shape."""
        return self.mean[rows] + self.deviation[rows] * noise


def load_clips(path: Path, fingerprint: str) -> CachedClips:
    """Read `latents.parquet`.

    Raises ValueError where it was made with another model or other settings, or where a clip's value is not finite.
    """
    table = tables.read(path, "latents", fingerprint)
    clips = table.column("clip").to_pylist()
    values = {
        name: torch.from_numpy(tables.tensors(table, name).copy()).float()
        for name in ("mean", "log_variance", *(f"mask_{role}" for role in ROLES))
    }
    for name, tensor in values.items():
        broken = [clip for clip, row in zip(clips, tensor, strict=True) if not bool(row.isfinite().all())]
        if broken:
            raise ValueError(f"{path}: column {name} of clip {broken[0]} is not finite")
    masks: dict[Role, Tensor] = {role: values[f"mask_{role}"] for role in ROLES}
    return CachedClips(
        clips=clips,
        captions=table.column("caption").to_pylist(),
        mean=values["mean"],
        deviation=torch.exp(0.5 * values["log_variance"]),
        masks=masks,
    )


def to_model_space(latents: Tensor, space: LatentSpace, normalise: bool) -> Tensor:
    """Latents as the transformer sees them; without `normalise` raw, as the released code has it."""
    return space.normalise(latents) if normalise else latents
