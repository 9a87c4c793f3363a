"""What the stages ask of a video diffusion transformer."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from dreamrelation.roles import Projection


@dataclass(frozen=True)
class CaptionEmbeddings:
    """Embedded captions, in the order of their texts."""

    embedding: Tensor
    """(B, L, D) text features."""
    attention_mask: Tensor
    """(B, L) bool, the tokens that count."""

    def to(self, device: torch.device, dtype: torch.dtype) -> "CaptionEmbeddings":
        return CaptionEmbeddings(self.embedding.to(device, dtype), self.attention_mask.to(device))


@dataclass(frozen=True)
class Posterior:
    """The encoder's answer for clips."""

    mean: Tensor
    """(B, C, f, h, w) in the autoencoder's own space."""
    log_variance: Tensor
    """(B, C, f, h, w)."""


class LatentSpace(Protocol):
    """Statistics by which the transformer's latents differ from the autoencoder's."""

    def normalise(self, latents: Tensor) -> Tensor:
        """(B, C, f, h, w) from the autoencoder's to the transformer's space."""
        ...

    def denormalise(self, latents: Tensor) -> Tensor:
        """The inverse of `normalise`."""
        ...


class Autoencoder(LatentSpace, Protocol):
    """Pixels to latents and back."""

    def encode(self, frames: np.ndarray) -> Posterior:
        """Posterior of clips (B, F, H, W, 3) uint8 RGB, F = 6k+1."""
        ...

    def decode(self, latents: Tensor) -> np.ndarray:
        """Clips (B, F, H, W, 3) uint8 RGB of latents in the transformer's space."""
        ...


class TextEncoder(Protocol):
    """Captions to features."""

    def embed(self, texts: list[str]) -> CaptionEmbeddings:
        """Each text alone, so that no text's features depend on its neighbours."""
        ...


class Denoiser(LatentSpace, Protocol):
    """The transformer."""

    module: nn.Module
    """What adapters are put into."""
    fingerprint: str
    """Changes with the weights."""
    device: torch.device
    dtype: torch.dtype
    channels: int

    def adapted_modules(self, projections: tuple[Projection, ...]) -> list[str]:
        """Full names of the linear layers of these projections in both branches of every block."""
        ...

    def velocity(self, noisy: Tensor, sigma: Tensor, captions: CaptionEmbeddings) -> Tensor:
        """v̂ = predicted clean − noise, (B, C, f, h, w) float32, for latents at noise levels sigma (B,)."""
        ...

    def sampling_sigmas(self, steps: int, threshold: float) -> list[float]:
        """Noise levels from 1 to 0, steps + 1 of them."""
        ...
