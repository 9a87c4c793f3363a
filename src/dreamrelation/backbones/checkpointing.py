"""Gradient checkpointing: blocks that keep their inputs only, and are computed once more in the backward pass."""

from typing import Any

from torch import nn
from torch.utils.checkpoint import checkpoint


def checkpoint_blocks(transformer: Any, blocks: list[nn.Module], every: int) -> None:
    """Checkpoint every n-th of the blocks, the first among them; 1: all of them.

    `transformer` is a model of diffusers, which hands each block that is called under gradients to a function.
    """
    chosen = {id(block) for block in blocks[::every]}

    def call(block: nn.Module, *args: Any) -> Any:
        if id(block) not in chosen:
            return block(*args)
        # Nothing in a block is random, so there is no state of a generator to keep.
        return checkpoint(block, *args, use_reentrant=False, preserve_rng_state=False)

    transformer.enable_gradient_checkpointing(call)
