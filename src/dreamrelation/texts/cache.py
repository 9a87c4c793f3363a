"""The cached text embeddings: writing them and looking them up."""

from collections.abc import Iterable
from pathlib import Path

import torch

from dreamrelation.backbones.interface import TextEmbeddings, TextEncoder
from dreamrelation.errors import UserError
from dreamrelation.tables.tensors import POOLED, TEXTS, read_tensors, tensors, texts_schema, write_tensors

NO_TEXT = ""
"""What a dropped caption is embedded from."""


class TextCache:
    """A table of embedded texts in memory; one of another text encoder, by its fingerprint, is refused."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        table = read_tensors(path, TEXTS, fingerprint)
        self.path = path
        self.place = {text: row for row, text in enumerate(table.column("text").to_pylist())}
        self.embedding = torch.from_numpy(tensors(table, "embedding").copy()).float()
        self.attention_mask = torch.from_numpy(tensors(table, "attention_mask").copy()).bool()
        self.pooled = torch.from_numpy(tensors(table, POOLED).copy()).float() if POOLED in table.column_names else None

    def look_up(self, texts: list[str]) -> TextEmbeddings:
        """Embeddings of these texts, (B, L, D). Raises UserError naming a text that was not embedded."""
        missing = [text for text in texts if text not in self.place]
        if missing:
            raise UserError(f"{self.path}: holds no embedding of {missing[0]!r}; run its stage again")
        rows = [self.place[text] for text in texts]
        return TextEmbeddings(
            self.embedding[rows], self.attention_mask[rows], None if self.pooled is None else self.pooled[rows]
        )


def write_texts(path: Path, texts: Iterable[str], encoder: TextEncoder, fingerprint: str) -> None:
    """Embed each text and write the table."""
    rows = []
    for text in texts:
        embedded = encoder.embed([text])
        embedding, mask = embedded.embedding[0].float().cpu().numpy(), embedded.attention_mask[0].cpu().numpy()
        rows.append({"text": text, "embedding": embedding, "attention_mask": mask})
        if embedded.pooled is not None:
            rows[-1][POOLED] = embedded.pooled[0].float().cpu().numpy()
    tokens, features = rows[0]["embedding"].shape
    write_tensors(path, texts_schema(tokens, features, len(rows[0].get(POOLED, ()))), rows, fingerprint)
