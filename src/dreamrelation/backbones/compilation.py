"""Compiling a transformer block by block: all blocks share what was compiled for the first.

A block is compiled once for each set of active adapters, once more for the empty text where that takes no part, and
not again. diffusers' `compile_repeated_blocks` does not know Mochi's.
"""

from typing import Any

import torch
import torch._dynamo.config as dynamo
from torch import Tensor, nn

MOST_VARIANTS = 64
"""Of one block; torch's own limit of 8 is reached by three roles, with gradients and without, and a few texts."""


def compile_blocks(blocks: list[nn.Module]) -> None:
    """Replace each block's forward function by a compiled one; what is called before and after it stays."""
    dynamo.recompile_limit = max(dynamo.recompile_limit, MOST_VARIANTS)
    for block in blocks:
        block.forward = torch.compile(block.forward)
    blocks[0].register_forward_pre_hook(_ask_for_gradients, with_kwargs=True)


def _ask_for_gradients(block: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Let the first block's inputs require gradients, as those of all others do, so that it is not another variant."""
    if not torch.is_grad_enabled():
        return
    for value in (*args, *kwargs.values()):
        if isinstance(value, Tensor) and value.is_floating_point() and value.is_leaf:
            value.requires_grad_()
