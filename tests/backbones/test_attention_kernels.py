"""FlashAttention-3 in the place of torch's kernel: where it is taken, and that nothing else changes.

In the place of its package, which needs a Hopper card, stands one that computes the same by torch.
"""

import sys
from functools import partial
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import pytest
import torch
from tests.adapted import answer_and_gradients, with_adapters, with_precision
from tests.tiny_models import Kind, opened
from torch import Tensor
from torch.nn import functional

from dreamrelation.backbones import attention_kernels
from dreamrelation.backbones.attention_kernels import HandedOver, chosen_kernel, what_is_missing
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.errors import UserError

CPU = torch.device("cpu")
ALWAYS_MASKED = {"hunyuan_video"}


class FakeFlash3(ModuleType):
    """`flash_attn_interface`: (B, N, heads, d) in and out, of two bytes a number."""

    def __init__(self) -> None:
        super().__init__(attention_kernels.PACKAGE)
        self.__spec__ = ModuleSpec(attention_kernels.PACKAGE, None)
        self.calls = 0

    def flash_attn_func(self, q: Tensor, k: Tensor, v: Tensor, softmax_scale: float | None = None) -> Any:
        assert {q.dtype, k.dtype, v.dtype} <= {torch.bfloat16, torch.float16}
        self.calls += 1
        q, k, v = (states.transpose(1, 2) for states in (q, k, v))
        answer = functional.scaled_dot_product_attention(q, k, v, scale=softmax_scale).transpose(1, 2)
        return (answer, None) if self.calls % 2 else answer  # older releases, and newer ones


@pytest.fixture
def flash_3(monkeypatch: pytest.MonkeyPatch) -> FakeFlash3:
    """The package, and a card for it."""
    package = FakeFlash3()
    monkeypatch.setitem(sys.modules, attention_kernels.PACKAGE, package)
    monkeypatch.setattr(attention_kernels, "capability_of", lambda device: (9, 0))
    return package


def test_answers_and_gradients_are_those_of_torchs_kernel(kind: Kind, flash_3: FakeFlash3) -> None:
    """Also in blocks that are computed once more in the backward pass."""
    settings = with_precision(kind.settings, "bfloat16")
    plain = answer_and_gradients(*with_adapters(settings, attention="sdpa"))
    assert flash_3.calls == 0
    found = answer_and_gradients(*with_adapters(settings, attention="auto"))
    forward = flash_3.calls
    again = answer_and_gradients(*with_adapters(settings, attention="flash_3", gradient_checkpointing=True))
    assert plain[1].abs().max() > 0
    for answer, gradients in (found, again):
        assert torch.equal(answer, plain[0]) and torch.equal(gradients, plain[1])
    assert flash_3.calls == 3 * forward, "once, and twice in a step with checkpointing"
    assert (forward == 0) == (kind.settings.kind in ALWAYS_MASKED)


def test_compiled_blocks_use_it_too(
    random_mochi: MochiSettings, flash_3: FakeFlash3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    torch._dynamo.reset()
    settings = with_precision(random_mochi, "bfloat16")
    plain = answer_and_gradients(*with_adapters(settings, attention="sdpa"))
    found = answer_and_gradients(*with_adapters(settings, attention="flash_3", compile_blocks=True))
    assert torch.equal(found[0], plain[0]) and torch.equal(found[1], plain[1])
    assert flash_3.calls == 4, "two blocks, and two texts of different lengths"


def test_what_the_kernel_cannot_answer_is_left_to_torch() -> None:
    def refusing(*_: Tensor, **__: object) -> Tensor:
        raise AssertionError("handed over")

    query, key, value = torch.randn(3, 2, 2, 5, 16, generator=torch.Generator().manual_seed(0)).bfloat16().unbind()
    mask = torch.ones(5, 5, dtype=torch.bool).tril()
    attend = functional.scaled_dot_product_attention
    with HandedOver(refusing):
        masked = attend(query, key, value, attn_mask=mask)
        causal = attend(query, key, value, is_causal=True)
        attend(query, key, value, mask)
        attend(query, key, value, dropout_p=0.5)
        attend(query.float(), key.float(), value.float())
        attend(query[..., :12], key[..., :12], value[..., :12])
        attend(query, key[:, :1], value[:, :1], enable_gqa=True)
        with pytest.raises(AssertionError, match="handed over"):
            attend(query, key, value)
    torch.testing.assert_close(masked, causal)


def test_the_scale_is_handed_over(flash_3: FakeFlash3) -> None:
    query, key, value = torch.randn(3, 2, 2, 5, 16, generator=torch.Generator().manual_seed(0)).bfloat16().unbind()
    expected = functional.scaled_dot_product_attention(query, key, value, scale=0.5)
    with HandedOver(flash_3.flash_attn_func):
        found = functional.scaled_dot_product_attention(query, key, value, scale=0.5)
    assert flash_3.calls == 1 and torch.equal(found, expected)


@pytest.mark.parametrize(
    ("capability", "dtype", "installed", "missing"),
    [
        ((9, 0), torch.bfloat16, True, None),
        ((9, 0), torch.float16, True, None),
        (None, torch.bfloat16, True, "found no NVIDIA graphics card"),
        ((8, 9), torch.bfloat16, True, "compute capability 8.9, expected 9.0"),
        ((10, 0), torch.bfloat16, True, "compute capability 10.0, expected 9.0"),
        ((9, 0), torch.float32, True, "computes in float32, expected bfloat16"),
        ((9, 0), torch.bfloat16, False, "flash_attn_interface is not installed"),
    ],
)
def test_what_it_needs(
    capability: tuple[int, int] | None, dtype: torch.dtype, installed: bool, missing: str | None
) -> None:
    found = what_is_missing(capability, dtype, installed)
    assert found is None if missing is None else found is not None and missing in found


def test_it_is_taken_where_it_can_be_and_asked_for_in_vain_where_not(
    flash_3: FakeFlash3, random_mochi: MochiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chosen_kernel("auto", CPU, torch.bfloat16) == flash_3.flash_attn_func
    assert chosen_kernel("auto", CPU, torch.float32) is None and chosen_kernel("sdpa", CPU, torch.bfloat16) is None
    monkeypatch.delitem(sys.modules, attention_kernels.PACKAGE)
    assert chosen_kernel("auto", CPU, torch.bfloat16) is None
    with pytest.raises(UserError, match="machine.attention: flash_3 cannot be used: the package .* is not installed"):
        chosen_kernel("flash_3", CPU, torch.bfloat16)
    monkeypatch.undo()
    with pytest.raises(UserError, match="machine.attention: flash_3 cannot be used: found no NVIDIA graphics card"):
        opened(random_mochi, attention="flash_3").denoiser()


def test_a_package_that_does_not_work_is_said(flash_3: FakeFlash3, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where nobody asked for it: it was installed for something."""
    monkeypatch.delattr(FakeFlash3, "flash_attn_func")
    with pytest.raises(UserError, match="flash_attn_interface is installed and does not work: .*flash_attn_func"):
        chosen_kernel("auto", CPU, torch.bfloat16)
