"""Texts that nobody knows before they are typed."""

from collections.abc import Callable
from functools import lru_cache

import torch

from dreamrelation.backbones.interface import TextEmbeddings, TextEncoder
from dreamrelation.texts.cache import TextCache

KEPT = 64
"""Texts whose embeddings are kept in memory: 4 MB each of Mochi 1's."""


class LiveTexts(TextCache):
    """A cache without a table: texts are embedded when they are first looked up."""

    def __init__(self, encoder: Callable[[], TextEncoder]) -> None:
        """`encoder` gives the text encoder, ready to embed."""
        self._embedded = lru_cache(KEPT)(lambda text: as_stored(encoder().embed([text])))

    def look_up(self, texts: list[str]) -> TextEmbeddings:
        """Embeddings of these texts, (B, L, D)."""
        return TextEmbeddings.joined([self._embedded(text) for text in texts])


def as_stored(embedded: TextEmbeddings) -> TextEmbeddings:
    """As the table of embedded texts gives them back, which holds float16: so a prompt gives the very same video."""
    cpu = torch.device("cpu")
    return embedded.to(cpu, torch.float16).to(cpu, torch.float32)
