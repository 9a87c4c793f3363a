"""What the package asks of a video diffusion model. Its parts load by themselves, each with its own precision."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.settings.model import Part


@dataclass(frozen=True)
class TextEmbeddings:
    """Embedded texts, in their order."""

    embedding: Tensor
    """(B, L, D) text features."""
    attention_mask: Tensor
    """(B, L) bool, the tokens that count."""

    def to(self, device: torch.device, dtype: torch.dtype) -> "TextEmbeddings":
        return TextEmbeddings(self.embedding.to(device, dtype), self.attention_mask.to(device))

    def expand(self, count: int) -> "TextEmbeddings":
        """The one text that this is, `count` times."""
        return TextEmbeddings(self.embedding.expand(count, -1, -1), self.attention_mask.expand(count, -1))

    @staticmethod
    def joined(parts: "list[TextEmbeddings]") -> "TextEmbeddings":
        """Several one after the other; all have the same L."""
        return TextEmbeddings(
            torch.cat([part.embedding for part in parts]), torch.cat([part.attention_mask for part in parts])
        )


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
        """Posterior of clips (B, F, H, W, 3) uint8 RGB, F and sides as the spec has them."""
        ...

    def decode(self, latents: Tensor) -> np.ndarray:
        """Clips (B, F, H, W, 3) uint8 RGB of latents in the transformer's space."""
        ...


class TextEncoder(Protocol):
    """Texts to features."""

    module: nn.Module
    """The network, frozen, for methods that train through it."""

    def embed(self, texts: list[str]) -> TextEmbeddings:
        """Each text alone, so that no text's features depend on its neighbours."""
        ...


class Denoiser(LatentSpace, Protocol):
    """The transformer."""

    spec: BackboneSpec
    module: nn.Module
    """What methods put their parameters into."""
    fingerprint: str
    """Changes with the weights."""
    device: torch.device
    dtype: torch.dtype
    channels: int
    """C of its latents."""

    def velocity(self, noisy: Tensor, sigma: Tensor, texts: TextEmbeddings) -> Tensor:
        """v̂ = predicted clean − noise, (B, C, f, h, w) float32, for latents at noise levels sigma (B,)."""
        ...


class Backbone(Protocol):
    """A family of models; opens the parts of one model. Built from its kind's settings and `MachineSettings`."""

    def fingerprint(self, part: Part) -> str:
        """Changes with the weights of one part, and so with what is cached of it."""
        ...

    def autoencoder(self) -> Autoencoder: ...

    def text_encoder(self) -> TextEncoder: ...

    def denoiser(self) -> Denoiser: ...


def projection_modules(denoiser: Denoiser, projections: tuple[str, ...]) -> list[str]:
    """Full names of the linear layers of these projections, in all branches of every block.

    Raises UserError for a projection that the model does not have, RuntimeError for one that matches no layer.
    """
    denoiser.spec.check_projections(projections)
    names = [name for name, _ in denoiser.module.named_modules()]
    for projection in projections:
        endings = denoiser.spec.projections[projection]
        if not any(name.endswith(endings) for name in names):
            raise RuntimeError(f"the projection {projection!r} matches no layer: none ends in {', '.join(endings)}")
    wanted = tuple(f".{ending}" for projection in projections for ending in denoiser.spec.projections[projection])
    return [name for name in names if name.endswith(wanted)]
