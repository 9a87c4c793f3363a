"""Frozen blocks whose weights are divided among the processes of a training (FSDP2, torch's `fully_shard`).

Each process holds its share of every block, and a block is put together when its turn is and taken apart after it.
Frozen weights have no gradients to exchange; those of adapters, which are no part of this, are averaged as ever. All
processes must go through the model together, as they do in training.
"""

import torch
from accelerate import PartialState
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from dreamrelation.processes import process_count, wait_for_all


def shard_blocks(transformer: nn.Module, blocks: list[nn.Module], device: torch.device) -> None:
    """Divide the weights of a transformer's blocks, before adapters are put into them; their shares go to the device.

    Around them the transformer holds no divided weights, but knows their order: a block is gathered while the one
    before is computed. Alone, each would be waited for.
    """
    PartialState(cpu=device.type == "cpu")  # lets the processes know of each other, unless they do
    mesh = init_device_mesh(device.type, (process_count(),))
    for block in blocks:
        fully_shard(block, mesh=mesh, reshard_after_forward=True)
    fully_shard(transformer, mesh=mesh, reshard_after_forward=True, ignored_params=set(transformer.parameters()))
    wait_for_all()
