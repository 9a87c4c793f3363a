"""What methods are given where costs are counted, in the place of an open model and its cache of texts."""

from functools import cached_property

import torch

from dreamrelation.backbones.interface import Backbone, Denoiser, TextEmbeddings, TextEncoder

WORDS = 16
"""Tokens of a prompt that count, where the model leaves the others out."""


class StandInTexts:
    """Answers as a cache of embeddings does, with nothing in them."""

    def __init__(self, length: int, width: int, pooled: int) -> None:
        self._shape, self._pooled = (length, width), pooled

    def look_up(self, texts: list[str]) -> TextEmbeddings:
        length, width = self._shape
        embedding = torch.zeros(len(texts), length, width)
        counts = torch.arange(length).expand(len(texts), -1) < WORDS
        return TextEmbeddings(embedding, counts, torch.zeros(len(texts), self._pooled) if self._pooled else None)


class StandInModel:
    """What methods are given in the place of `OpenModel`."""

    def __init__(self, backbone: Backbone, denoiser: Denoiser) -> None:
        self.backbone, self.denoiser = backbone, denoiser
        self.texts = StandInTexts(denoiser.spec.text_tokens, denoiser.text_width, denoiser.pooled_width)

    @cached_property
    def text_encoder(self) -> TextEncoder:
        return self.backbone.text_encoder()
