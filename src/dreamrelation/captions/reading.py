"""Looking up embedded captions."""

from pathlib import Path

import torch

from dreamrelation import tables
from dreamrelation.backbones.interface import CaptionEmbeddings


class EmbeddedCaptions:
    """The table of the captions stage in memory; one of another text encoder, by its fingerprint, is refused."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        table = tables.read(path, "captions", fingerprint)
        self.path = path
        self.place = {text: row for row, text in enumerate(table.column("text").to_pylist())}
        self.embedding = torch.from_numpy(tables.tensors(table, "embedding").copy()).float()
        self.attention_mask = torch.from_numpy(tables.tensors(table, "attention_mask").copy()).bool()

    def look_up(self, texts: list[str]) -> CaptionEmbeddings:
        """Embeddings of these texts, (B, L, D). Raises KeyError naming a text that was not embedded."""
        missing = [text for text in texts if text not in self.place]
        if missing:
            raise KeyError(f"{self.path}: holds no embedding of {missing[0]!r}; run the captions stage again")
        rows = [self.place[text] for text in texts]
        return CaptionEmbeddings(self.embedding[rows], self.attention_mask[rows])
