"""The card answers as the processor does: denoisers, their gradients, autoencoders."""

from typing import Any

import numpy as np
import pytest
import torch
from tests.adapted import EXACT_MODES, QUANTISED_TOLERANCE, answer_and_gradients, with_adapters, with_precision
from tests.tiny_models import Kind, opened
from torch import nn

from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.settings.model import QUANTISED

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card is here")

TOLERANCE = 2e-3
"""Relative; float32, the card's convolutions may be in TF32."""


def relative(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found.cpu() - expected.cpu()).norm() / expected.cpu().norm())


def test_answers_and_gradients_are_those_of_the_processor(kind: Kind) -> None:
    for sigma in (0.5, 0.95):  # of either expert, where there are two
        expected = answer_and_gradients(*with_adapters(kind.settings), sigma)
        found = answer_and_gradients(*with_adapters(kind.settings, device="cuda"), sigma)
        assert found[0].device.type == found[1].device.type == "cuda"
        assert relative(found[0], expected[0]) < TOLERANCE
        assert relative(found[1], expected[1]) < TOLERANCE


@pytest.mark.parametrize("machine", EXACT_MODES.values(), ids=EXACT_MODES)
def test_what_saves_memory_changes_no_bit(kind: Kind, machine: dict[str, object]) -> None:
    plain = answer_and_gradients(*with_adapters(kind.settings, device="cuda"))
    lean = answer_and_gradients(*with_adapters(kind.settings, device="cuda", **machine))
    assert plain[1].abs().max() > 0
    assert torch.equal(lean[0], plain[0]) and torch.equal(lean[1], plain[1])


def test_compiled_blocks_answer_nearly_alike(random_mochi: MochiSettings) -> None:
    plain = answer_and_gradients(*with_adapters(random_mochi, device="cuda"))
    compiled = answer_and_gradients(*with_adapters(random_mochi, device="cuda", compile_blocks=True))
    assert relative(compiled[0], plain[0]) < TOLERANCE
    assert relative(compiled[1], plain[1]) < TOLERANCE


@pytest.mark.parametrize("precision", QUANTISED)
def test_quantised_weights_answer_nearly_alike(random_mochi: MochiSettings, precision: str) -> None:
    pytest.importorskip("bitsandbytes" if precision == "nf4" else "torchao")
    plain = answer_and_gradients(*with_adapters(with_precision(random_mochi, "bfloat16"), device="cuda"))
    found = answer_and_gradients(*with_adapters(with_precision(random_mochi, precision), device="cuda"))
    error, cosine = QUANTISED_TOLERANCE[precision]
    assert 0 < relative(found[0], plain[0]) < error
    assert float(nn.functional.cosine_similarity(found[1], plain[1], dim=0)) > cosine


def test_autoencoders_encode_and_decode_as_on_the_processor(kind: Kind) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (1, 9, 64, 96, 3), dtype=np.uint8)
    told: dict[str, Any] = {}
    for device in ("cpu", "cuda"):
        autoencoder = opened(kind.settings, device=device).autoencoder()
        posterior = autoencoder.encode(frames)
        told[device] = posterior, autoencoder.pixels(posterior.mean)
    assert relative(told["cuda"][0].mean, told["cpu"][0].mean) < TOLERANCE
    difference = told["cuda"][1].cpu().float() - told["cpu"][1].float()
    assert difference.abs().max() <= 2  # grey levels
