"""The kernel of attention: torch's own choice, or FlashAttention-3 where it is installed and the graphics card fits.

Every model calls torch's `scaled_dot_product_attention`. A block computes under a mode that sees these calls and hands
over those that FlashAttention-3 can answer, which are those without a mask; all others stay as they are. It is around
blocks and not around the model because a checkpointed block is called once more in the backward pass, by itself.
"""

import importlib
import importlib.util
from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from dreamrelation.errors import UserError
from dreamrelation.settings.machine import AttentionKernel

Kernel = Callable[..., Any]
"""`flash_attn_func`: query, key and value (B, N, heads, d), and `softmax_scale` → (B, N, heads, d), with gradients;
older releases give it in a tuple."""

PACKAGE = "flash_attn_interface"
CAPABILITY = (9, 0)
"""Of the cards that it is written for, NVIDIA's Hopper."""
DTYPES = (torch.bfloat16, torch.float16)
LARGEST_HEAD, HEAD_STEP = 256, 8
"""Numbers of a head."""


def use_attention_kernel(
    blocks: list[nn.Module], wish: AttentionKernel, device: torch.device, dtype: torch.dtype
) -> None:
    """Let blocks that compute in `dtype` on the device use the kernel that is wished for.

    Raises UserError where that is FlashAttention-3 and cannot be, or where its package is broken.
    """
    kernel = chosen_kernel(wish, device, dtype)
    if kernel is None:
        return
    mode = HandedOver(torch.compiler.disable(kernel))  # its operators tell torch.compile nothing of themselves
    for block in blocks:
        block.forward = _under(mode, block.forward)


def chosen_kernel(wish: AttentionKernel, device: torch.device, dtype: torch.dtype) -> Kernel | None:
    """FlashAttention-3, or None: that of torch."""
    if wish == "sdpa":
        return None
    missing = what_is_missing(capability_of(device), dtype, importlib.util.find_spec(PACKAGE) is not None)
    if missing is not None:
        if wish == "auto":
            return None
        raise UserError(f"machine.attention: flash_3 cannot be used: {missing}; auto takes what is there")
    try:
        return importlib.import_module(PACKAGE).flash_attn_func
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"machine.attention: the package {PACKAGE} is installed and does not work: {error}; build it for this torch"
            " and CUDA, or set machine.attention: sdpa"
        ) from None


def what_is_missing(capability: tuple[int, int] | None, dtype: torch.dtype, installed: bool) -> str | None:
    """What FlashAttention-3 lacks on a card of this compute capability, None: no card; None: nothing."""
    if capability is None:
        return "found no NVIDIA graphics card, expected one of the Hopper generation, such as H100 or H200"
    if capability != CAPABILITY:
        found, expected = (".".join(map(str, each)) for each in (capability, CAPABILITY))
        return f"found a graphics card of compute capability {found}, expected {expected}, such as H100 or H200"
    if dtype not in DTYPES:
        return f"the denoiser computes in {str(dtype).removeprefix('torch.')}, expected bfloat16"
    return None if installed else f"the package {PACKAGE} is not installed"


def capability_of(device: torch.device) -> tuple[int, int] | None:
    """Compute capability of an NVIDIA card; None: the device is none."""
    nvidia = device.type == "cuda" and torch.version.hip is None
    return torch.cuda.get_device_capability(device) if nvidia else None


class HandedOver(TorchFunctionMode):
    """Hands calls of torch's attention over to a kernel, as far as it can answer them."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__()
        self.kernel = kernel

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if func is functional.scaled_dot_product_attention and _can_answer(*args, **given):
            return self._answer(*args, **given)
        return func(*args, **given)

    def _answer(self, query: Tensor, key: Tensor, value: Tensor, *_: Any, scale: float | None = None, **__: Any) -> Any:
        """Of query, key and value (B, heads, N, d), as torch has them."""
        answer = self.kernel(*(states.transpose(1, 2) for states in (query, key, value)), softmax_scale=scale)
        return (answer[0] if isinstance(answer, tuple) else answer).transpose(1, 2)


def _can_answer(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> bool:
    if attn_mask is not None or dropout_p or is_causal or enable_gqa:
        return False
    head = query.shape[-1]
    alike = all(each.ndim == 4 and each.dtype in DTYPES and each.shape[-1] == head for each in (query, key, value))
    return alike and head <= LARGEST_HEAD and head % HEAD_STEP == 0


def _under(mode: HandedOver, forward: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(forward)
    def under(*args: Any, **kwargs: Any) -> Any:
        with mode:
            return forward(*args, **kwargs)

    return under
