"""Frozen weights in eight or four bits, by torchao and bitsandbytes; what is trained stays float32 beside them."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

from dreamrelation.errors import UserError

LIBRARY = {"int8": "torchao", "float8": "torchao", "nf4": "bitsandbytes"}
"""Precision → what computes it."""


def quantise(blocks: list[nn.Module], precision: str, compute: torch.dtype, device: torch.device) -> None:
    """Bring the blocks to the device one by one, the weights of all their linear layers in fewer bits.

    Of a large model only one block is there unquantised at a time. Embeddings, norms and the last layer, which stand
    outside the blocks or are small, stay as they are. Raises UserError where the library is not installed.
    """
    library = LIBRARY[precision]
    if find_spec(library) is None:
        raise UserError(
            f"model.precision is {precision}, which needs the package {library}:"
            " pip install --no-deps -r requirements-quantised.txt"
        )
    for block in blocks:
        block.to(device)
        if precision == "nf4":
            _to_nf4(block, compute, device)
        else:
            _by_torchao(block, precision)


def _by_torchao(block: nn.Module, precision: str) -> None:
    torchao: Any = import_module("torchao.quantization")
    config = torchao.Int8WeightOnlyConfig(version=2) if precision == "int8" else torchao.Float8WeightOnlyConfig()
    torchao.quantize_(block, config)
    block.requires_grad_(False)


def _to_nf4(block: nn.Module, compute: torch.dtype, device: torch.device) -> None:
    bitsandbytes: Any = import_module("bitsandbytes.nn")
    linear = [(name, layer) for name, layer in block.named_modules() if isinstance(layer, nn.Linear)]
    for name, layer in linear:
        small: Any = bitsandbytes.Linear4bit(
            layer.in_features, layer.out_features, layer.bias is not None, compute, quant_type="nf4", device="meta"
        )
        weight = layer.weight.detach().cpu()
        small.weight = bitsandbytes.Params4bit(weight, requires_grad=False, quant_type="nf4")
        small.bias = layer.bias
        owner, _, own = name.rpartition(".")
        setattr(block.get_submodule(owner), own, small.to(device))  # the move quantises
