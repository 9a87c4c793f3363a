"""Texts that are embedded when they are looked up: as the table has them, and each once."""

from pathlib import Path

import pytest
import torch
from tests.tiny_models import Kind

from dreamrelation.backbones.interface import TextEncoder
from dreamrelation.texts.cache import TextCache, write_texts
from dreamrelation.texts.live import KEPT, LiveTexts

TEXTS = ["A dog is hugging a cat.", ""]


def test_they_are_those_of_a_table(kind: Kind, tmp_path: Path) -> None:
    encoder = kind.backbone.text_encoder()
    write_texts(tmp_path / "texts.parquet", TEXTS, encoder, "fingerprint")
    expected = TextCache(tmp_path / "texts.parquet", "fingerprint").look_up(TEXTS)
    found = LiveTexts(lambda: encoder).look_up(TEXTS)
    assert torch.equal(found.embedding, expected.embedding) and found.embedding.dtype == torch.float32
    assert torch.equal(found.attention_mask, expected.attention_mask)
    if expected.pooled is not None:
        assert found.pooled is not None and torch.equal(found.pooled, expected.pooled)


def test_a_text_is_embedded_once_while_it_is_kept(request: pytest.FixtureRequest) -> None:
    encoder = Kind(request.getfixturevalue("random_mochi")).backbone.text_encoder()
    asked: list[int] = []

    def ready() -> TextEncoder:
        asked.append(1)
        return encoder

    live = LiveTexts(ready)
    live.look_up(TEXTS)
    live.look_up(TEXTS[::-1])
    assert len(asked) == 2
    for number in range(KEPT):
        live.look_up([str(number)])
    live.look_up(TEXTS[:1])
    assert len(asked) == 2 + KEPT + 1
