"""Mochi's norms, rotary positions and gated activation are diffusers', and keep their inputs for the backward pass."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from diffusers import MochiTransformer3DModel
from diffusers.models.activations import SwiGLU
from diffusers.models.normalization import MochiRMSNorm
from diffusers.models.transformers.transformer_mochi import (
    MochiAttnProcessor2_0,
    MochiLayerNormContinuous,
    MochiModulatedRMSNorm,
    MochiRMSNormZero,
)
from tests.tiny_models import opened
from torch import Tensor, nn

from dreamrelation.backbones.mochi.layers import gated, keep_inputs_only, rms_norm, rotated
from dreamrelation.backbones.mochi.settings import MochiSettings

WIDTH = 32
ROUNDING = {torch.float32: 1e-5, torch.bfloat16: 1e-2}
"""Relative; of bfloat16 a last bit is 0.8 %, and gradients are a sum of many."""


def drawn(*shape: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    numbers = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return numbers.to(dtype).requires_grad_()


@pytest.mark.parametrize("factor", [None, (2, 1, 6), (6,)], ids=["none", "of each clip", "a weight"])
def test_gradients_of_the_norm(factor: tuple[int, ...] | None) -> None:
    given: Any = (drawn(2, 3, 6), None if factor is None else drawn(*factor, seed=1))
    assert torch.autograd.gradcheck(lambda x, w: rms_norm(x, w, 1e-6), given)


def test_gradients_of_the_gate() -> None:
    assert torch.autograd.gradcheck(gated, (drawn(2, 3, 8),))


def test_gradients_of_the_positions() -> None:
    """Also of the angles, which the theatre's own model learned."""
    angles = drawn(3, 2, 4, seed=1), drawn(3, 2, 4, seed=2)
    assert torch.autograd.gradcheck(rotated, (drawn(2, 3, 2, 8), *angles))
    assert torch.autograd.gradcheck(lambda x: rotated(x, *(a.detach() for a in angles)), (drawn(2, 3, 2, 8),))


def test_compiled_functions_are_the_same() -> None:
    """They are given plain steps then."""
    states, factor, angles = drawn(2, 3, 2, 8), drawn(2, 1, 1, 8, seed=1), drawn(3, 2, 4, seed=2).detach()

    def all_three() -> Tensor:
        return (
            rms_norm(states, factor, 1e-6).sum()
            + gated(states).square().sum()
            + (rotated(states, angles, angles) ** 3).sum()
        )

    compiled = torch.compile(all_three, backend="eager", fullgraph=True)
    found, expected = (torch.autograd.grad(function(), (states, factor)) for function in (compiled, all_three))
    assert all(torch.allclose(one, other) for one, other in zip(found, expected, strict=True))


def test_positions_turn_pairs_by_their_angles() -> None:
    states, angle = drawn(1, 1, 1, 4).detach(), torch.tensor([[[0.3, 1.1]]], dtype=torch.float64)
    pairs = torch.view_as_complex(states.unflatten(-1, (2, 2))) * torch.polar(torch.ones_like(angle), angle)
    assert torch.allclose(rotated(states, angle.cos(), angle.sin()), torch.view_as_real(pairs).flatten(-2))


def answers(module: nn.Module, *given: Tensor) -> tuple[Tensor, list[Tensor]]:
    """The first answer, and the gradients of what was given."""
    found = module(*given)
    answer = found[0] if isinstance(found, tuple) else found
    weights = drawn(*answer.shape, seed=9).detach().to(answer.dtype)
    return answer.detach(), list(torch.autograd.grad((answer * weights).sum(), given))


MAKERS: dict[str, Callable[[], nn.Module]] = {
    "of heads": lambda: MochiRMSNorm(WIDTH, 1e-5),
    "modulated": lambda: MochiModulatedRMSNorm(1e-6),
    "zero": lambda: MochiRMSNormZero(WIDTH, 4 * WIDTH, 1e-6),
    "continuous": lambda: MochiLayerNormContinuous(WIDTH, WIDTH, 1e-6),
    "gate": lambda: SwiGLU(WIDTH, 48, bias=False),
}
GIVEN = {"modulated": (2, 1, WIDTH), "zero": (2, WIDTH), "continuous": (2, WIDTH)}
"""What is given beside the states."""


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("name", MAKERS)
def test_layers_compute_what_those_of_diffusers_do(name: str, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    module = MAKERS[name]().to(dtype)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    states = drawn(2, 5, WIDTH, dtype=dtype)
    given = (states, drawn(*GIVEN[name], dtype=dtype, seed=1)) if name in GIVEN else (states,)
    expected = answers(module, *given)
    before = [type(part) for part in module.modules()]
    keep_inputs_only(module)
    assert [type(part) for part in module.modules()] != before
    found = answers(module, *given)
    assert found[0].dtype == dtype
    for one, other in zip([found[0], *found[1]], [expected[0], *expected[1]], strict=True):
        assert float((one - other).norm() / other.norm()) < ROUNDING[dtype]


def test_the_whole_transformer_computes_what_that_of_diffusers_does(random_mochi: MochiSettings) -> None:
    """Forwards to the last bits, as `test_parity` has it; here also the gradient of the latents."""
    denoiser: Any = opened(random_mochi).denoiser()
    plain: Any = MochiTransformer3DModel.from_pretrained(random_mochi.path, subfolder="transformer")
    assert all(isinstance(block.attn1.processor, MochiAttnProcessor2_0) for block in plain.transformer_blocks)
    noisy = drawn(2, denoiser.channels, 2, 4, 6, dtype=torch.float32)
    text = {"encoder_hidden_states": drawn(2, 8, 64, dtype=torch.float32, seed=1).detach()}
    text |= {"encoder_attention_mask": torch.ones(2, 8, dtype=torch.bool), "timestep": torch.tensor([500.0, 900.0])}
    denoiser.attention.tell([8, 8], 8)
    found, expected = (
        torch.autograd.grad(model(hidden_states=noisy, **text, return_dict=False)[0].square().mean(), noisy)[0]
        for model in (denoiser.module, plain)
    )
    assert float((found - expected).norm() / expected.norm()) < 1e-4


def kept_bytes(module: nn.Module, states: Tensor) -> int:
    """Of what autograd keeps until the backward pass beside the weights, each storage once."""
    storages: dict[int, int] = {}
    weights = {weight.untyped_storage().data_ptr() for weight in module.parameters()}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        module(states)
    return sum(storages.values())


@pytest.mark.parametrize(("name", "kept"), [("of heads", 1), ("modulated", 1), ("gate", 3)])
def test_inputs_are_kept_and_no_more(name: str, kept: float) -> None:
    """In units of the states' bytes: of a gate its 96 numbers for 32, of a norm the states and a number a row."""
    module = MAKERS[name]().to(torch.bfloat16).requires_grad_(False)
    states = drawn(2, 50, WIDTH, dtype=torch.bfloat16)
    size = states.nbytes
    before = kept_bytes(module, states)
    keep_inputs_only(module)
    after = kept_bytes(module, states)
    assert kept * size <= after <= (kept + 0.15) * size
    assert before >= (kept + 1) * size
