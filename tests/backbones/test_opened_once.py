"""A backbone whose parts are opened once, and whose text encoder rests in the host's memory."""

from types import SimpleNamespace
from typing import Any, cast

import torch
from tests.tiny_models import opened
from torch import nn

from dreamrelation.backbones.interface import Backbone
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.backbones.opened_once import OpenedOnce


def test_parts_are_opened_once(random_mochi: MochiSettings) -> None:
    parts = OpenedOnce(opened(random_mochi))
    assert parts.denoiser() is parts.denoiser() and parts.autoencoder() is parts.autoencoder()
    encoder = parts.text_encoder()
    parts.rest()
    assert parts.text_encoder() is encoder
    assert parts.fingerprint("denoiser") == parts.denoiser().fingerprint


def test_the_text_encoder_goes_to_the_host_and_comes_back() -> None:
    """On the meta device, which stands for a graphics card here."""
    moves: list[str] = []

    class Network(nn.Module):
        def to(self, device: Any) -> "Network":
            moves.append(str(device))
            return self

    table = nn.Embedding(3, 2, device="meta")
    opens: list[int] = []

    def text_encoder() -> Any:
        opens.append(1)
        return SimpleNamespace(module=Network(), input_embedding=table)

    part = cast(Any, lambda *_: None)
    backbone = SimpleNamespace(text_encoder=text_encoder, fingerprint=part, autoencoder=part, denoiser=part)
    parts = OpenedOnce(cast(Backbone, backbone))
    parts.rest()
    assert moves == [] and opens == [], "one that was not opened"
    parts.text_encoder()
    parts.rest()
    parts.text_encoder()
    assert moves == ["meta", "cpu", "meta"] and opens == [1]
    assert table.weight.device == torch.device("meta")
