"""Mochi's norms, rotary positions and gated activation, which keep their inputs for the backward pass and no more.

diffusers computes them in float32, step by step, and autograd keeps what each step needs: of the 17,490 tokens of 61
frames 1.1 GiB a block beside the inputs, 51 GiB of the whole model. Here each is one function of autograd, whose
gradient is written down. Whatever is wide (float32, for inputs of fewer bits) is there only while it computes.

torch.compile does as much by itself, and cannot look into these functions: it is given the plain steps.
"""

from typing import Any, cast

import torch
from diffusers.models.activations import SwiGLU
from diffusers.models.normalization import MochiRMSNorm
from diffusers.models.transformers.transformer_mochi import MochiModulatedRMSNorm, MochiRMSNormZero
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional


def wide(dtype: torch.dtype) -> torch.dtype:
    """float32, or float64 for what is that already."""
    return torch.promote_types(dtype, torch.float32)


class _RmsNorm(Function):
    """y = x · r · w with r = 1 / √(mean of x² over the last dimension + ε)."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, factor: Tensor | None, eps: float) -> Tensor:
        size = torch.linalg.vector_norm(states, dim=-1, keepdim=True, dtype=wide(states.dtype))
        rate = torch.rsqrt(size.square() / states.shape[-1] + eps)
        answer = torch.empty_like(states)
        if factor is None:
            torch.mul(states, rate, out=answer)
        else:
            torch.mul(states * rate, factor, out=answer)
        ctx.save_for_backward(states, rate, factor)
        return answer

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        states, rate, factor = ctx.saved_tensors
        of_states = of_factor = None
        if ctx.needs_input_grad[0]:
            weighed = gradient.to(rate.dtype) if factor is None else gradient.to(rate.dtype) * factor
            along = (weighed * states).mean(-1, keepdim=True)
            of_states = torch.empty_like(states)
            torch.mul(weighed - states * (rate.square() * along), rate, out=of_states)
        if factor is not None and ctx.needs_input_grad[1]:
            of_factor = (gradient * (states * rate)).sum_to_size(factor.shape).to(factor.dtype)
        return of_states, of_factor, None


class _Gated(Function):
    """h · silu(g) of (…, 2 D), h the first half and g the second."""

    @staticmethod
    def forward(ctx: Any, projected: Tensor) -> Tensor:
        ctx.save_for_backward(projected)
        hidden, gate = projected.chunk(2, dim=-1)
        return hidden * functional.silu(gate)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        (projected,) = ctx.saved_tensors
        hidden, gate = projected.chunk(2, dim=-1)
        answer = torch.empty_like(projected)
        of_hidden, of_gate = answer.chunk(2, dim=-1)
        torch.mul(gradient, functional.silu(gate), out=of_hidden)
        torch.ops.aten.silu_backward.grad_input(gradient * hidden, gate, grad_input=of_gate)
        return answer


class _Rotated(Function):
    """Neighbouring channels, turned together; the gradient is turned back."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        angles = any(ctx.needs_input_grad[1:])
        ctx.save_for_backward(states if angles else None, cos, sin)
        return _turned(states, cos, sin)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        states, cos, sin = ctx.saved_tensors
        of_cos = of_sin = None
        if states is not None:
            (even, odd), (to_even, to_odd) = _pairs(states.to(cos.dtype)), _pairs(gradient.to(cos.dtype))
            of_cos = (to_even * even + to_odd * odd).sum_to_size(cos.shape)
            of_sin = (to_odd * even - to_even * odd).sum_to_size(sin.shape)
        return _turned(gradient, cos, -sin), of_cos, of_sin


def _pairs(states: Tensor) -> tuple[Tensor, Tensor]:
    """The first and the second channels of all pairs."""
    return states[..., 0::2], states[..., 1::2]


def _turned(states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    even, odd = _pairs(states)
    answer = torch.empty_like(states)
    first, second = _pairs(answer)
    torch.addcmul(even * cos, odd, sin, value=-1, out=first)
    torch.addcmul(even * sin, odd, cos, out=second)
    return answer


def rms_norm(states: Tensor, factor: Tensor | None, eps: float) -> Tensor:
    """(…, D) normed, times a factor that broadcasts to it; computed in float32, in the precision of `states`."""
    if torch.compiler.is_compiling():
        high = states.to(wide(states.dtype))
        normed = high * torch.rsqrt(high.square().mean(-1, keepdim=True) + eps)
        return (normed if factor is None else normed * factor).to(states.dtype)
    return cast(Tensor, _RmsNorm.apply(states, factor, eps))


def gated(projected: Tensor) -> Tensor:
    """(…, 2 D) → (…, D): the first half times silu of the second."""
    if torch.compiler.is_compiling():
        hidden, gate = projected.chunk(2, dim=-1)
        return hidden * functional.silu(gate)
    return cast(Tensor, _Gated.apply(projected))


def rotated(states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions as Mochi has them, in float32: neighbouring channels are a pair. (B, N, heads, d) turned by
    angles (N, heads, d / 2)."""
    if torch.compiler.is_compiling():
        even, odd = _pairs(states.to(cos.dtype))
        return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2).to(states.dtype)
    return cast(Tensor, _Rotated.apply(states, cos, sin))


class _HeadsNorm(MochiRMSNorm):
    """That of query and key, with a weight."""

    def forward(self, hidden_states: Tensor) -> Tensor:
        return rms_norm(hidden_states, self.weight, self.eps)


class _ModulatedNorm(MochiModulatedRMSNorm):
    """With a factor for each clip."""

    def forward(self, hidden_states: Tensor, scale: Tensor | None = None) -> Tensor:
        return rms_norm(hidden_states, scale, self.eps)


class _FirstNorm(MochiRMSNormZero):
    """A block's first, which makes its factor of the embedded noise level, and those of the norms after it."""

    def forward(self, hidden_states: Tensor, emb: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        scale, gate, next_scale, next_gate = self.linear(self.silu(emb)).chunk(4, dim=1)
        normed = rms_norm(hidden_states, 1 + scale[:, None].to(wide(scale.dtype)), self.norm.eps)
        return normed, gate, next_scale, next_gate


class _GatedProjection(SwiGLU):
    def forward(self, hidden_states: Tensor) -> Tensor:
        return gated(self.proj(hidden_states))


LEAN = {
    MochiRMSNorm: _HeadsNorm,
    MochiModulatedRMSNorm: _ModulatedNorm,
    MochiRMSNormZero: _FirstNorm,
    SwiGLU: _GatedProjection,
}
"""Class of diffusers → ours, with the same weights under the same names."""


def keep_inputs_only(transformer: nn.Module) -> None:
    """Let the norms and gated activations of a transformer compute by these functions.

    Their classes change, and not their `forward` one by one: compiled blocks are alike then, and compiled once.
    """
    for module in transformer.modules():
        module.__class__ = LEAN.get(type(module), type(module))
