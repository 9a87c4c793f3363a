"""What the package asks of a video diffusion model. Its parts load by themselves, each with its own precision."""

import re
from dataclasses import dataclass
from typing import Protocol, cast

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
    pooled: Tensor | None = None
    """(B, P) another encoder's feature of each whole text, for models that read one."""

    def to(self, device: torch.device, dtype: torch.dtype) -> "TextEmbeddings":
        pooled = None if self.pooled is None else self.pooled.to(device, dtype)
        return TextEmbeddings(self.embedding.to(device, dtype), self.attention_mask.to(device), pooled)

    def expand(self, count: int) -> "TextEmbeddings":
        """The one text that this is, `count` times."""
        pooled = None if self.pooled is None else self.pooled.expand(count, -1)
        return TextEmbeddings(self.embedding.expand(count, -1, -1), self.attention_mask.expand(count, -1), pooled)

    def rows(self, chosen: Tensor) -> "TextEmbeddings":
        """Some of the texts, by their numbers (b,) int64."""
        pooled = None if self.pooled is None else self.pooled[chosen]
        return TextEmbeddings(self.embedding[chosen], self.attention_mask[chosen], pooled)

    @staticmethod
    def joined(parts: "list[TextEmbeddings]") -> "TextEmbeddings":
        """Several one after the other; all have the same L."""
        pooled = [part.pooled for part in parts if part.pooled is not None]
        return TextEmbeddings(
            torch.cat([part.embedding for part in parts]),
            torch.cat([part.attention_mask for part in parts]),
            torch.cat(pooled) if pooled else None,
        )


@dataclass(frozen=True)
class Tokens:
    """Texts as a text encoder counts them, filled up to its length L; on its device."""

    ids: Tensor
    """(B, L) int64."""
    attention_mask: Tensor
    """(B, L) bool, the tokens that count."""
    placeholder: Tensor
    """(B, L) bool, where a method puts a vector of its own in the place of a row of the input embedding."""
    pooled: Tensor | None = None
    """(B, P) another encoder's feature of each whole text, without its placeholders."""


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

    @property
    def module(self) -> nn.Module:
        """The network, frozen."""
        ...

    def encode(self, frames: np.ndarray) -> Posterior:
        """Posterior of clips (B, F, H, W, 3) uint8 RGB, F and sides as the spec has them."""
        ...

    def pixels(self, latents: Tensor) -> Tensor:
        """Clips (B, F, H, W, 3) uint8 RGB of latents (B, C, f, h, w) in the transformer's space, on its device."""
        ...

    def decode(self, latents: Tensor) -> np.ndarray:
        """The same on the CPU."""
        ...


class TextEncoder(Protocol):
    """Texts to features: `tokenize`, rows of the input embedding, `encode`. Methods may train through it."""

    module: nn.Module
    """The network, frozen."""

    @property
    def input_embedding(self) -> nn.Embedding:
        """The table of all tokens, (V, D)."""
        ...

    def word_ids(self, text: str) -> list[int]:
        """Tokens of a piece of text, without one that ends it."""
        ...

    def places(self, text: str, words: str) -> list[int]:
        """Numbers of the features, from 0, of a text's tokens that hold letters of these words, where they come first.

        Raises UserError where the text lacks them, or is cut off before them.
        """
        ...

    def tokenize(self, texts: list[str], placeholder: str | None = None) -> Tokens:
        """Texts of which each `placeholder`, such as "<R>", is one token, whatever the vocabulary makes of it.

        Longer texts are cut at L. Raises UserError where that would cut a placeholder off.
        """
        ...

    def encode(self, inputs: Tensor, tokens: Tokens) -> TextEmbeddings:
        """Features of the tokens' rows (B, L, D) of the input embedding, or of vectors in their place, with their
        gradients."""
        ...

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
    text_width: int
    """D of the text features that it reads."""
    pooled_width: int
    """P of the feature of a whole text that it reads; 0: none."""

    def velocity(
        self, noisy: Tensor, sigma: Tensor, texts: TextEmbeddings, embedded_guidance: float | None = None
    ) -> Tensor:
        """v̂ = predicted clean − noise, (B, C, f, h, w) float32, for latents at noise levels sigma (B,).

        A model that is distilled to answer as if guided is told `embedded_guidance`, which is 1 where it is `None`, as
        in training; others do not look at it.
        """
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
    lists = "|".join(re.escape(name) for name in denoiser.spec.blocks)
    within = re.compile(rf"(^|.*\.)({lists})\.\d+\.")
    names = [name for name, _ in denoiser.module.named_modules() if within.match(name)]
    for projection in projections:
        endings = denoiser.spec.projections[projection]
        if not any(name.endswith(endings) for name in names):
            raise RuntimeError(f"the projection {projection!r} matches no layer: none ends in {', '.join(endings)}")
    wanted = tuple(f".{ending}" for projection in projections for ending in denoiser.spec.projections[projection])
    return [name for name in names if name.endswith(wanted)]


def visual_projections(denoiser: Denoiser, projection: str) -> list[nn.Linear]:
    """The layers of a projection that visual tokens go through, one for each block, in the order of the blocks.

    Raises as `projection_modules`.
    """
    names = _visual_names(denoiser, projection)
    return [cast(nn.Linear, denoiser.module.get_submodule(name)) for name in names]


def attention_modules(denoiser: Denoiser, projection: str) -> list[nn.Module]:
    """The attention that a projection of visual tokens belongs to, of each block. Raises as `projection_modules`."""
    names = _visual_names(denoiser, projection)
    return [denoiser.module.get_submodule(name.rpartition(".")[0]) for name in names]


def _visual_names(denoiser: Denoiser, projection: str) -> list[str]:
    visual = f".{denoiser.spec.projections[projection][0]}"
    return [name for name in projection_modules(denoiser, (projection,)) if name.endswith(visual)]
