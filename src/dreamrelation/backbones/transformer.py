"""Opening a transformer of diffusers in the way that the settings of machine and model ask for."""

from typing import Any

import torch
from torch import nn

from dreamrelation.backbones.attention_kernels import use_attention_kernel
from dreamrelation.backbones.checkpointing import checkpoint_blocks
from dreamrelation.backbones.compilation import compile_blocks
from dreamrelation.backbones.context_parallelism import split_tokens
from dreamrelation.backbones.quantisation import quantise
from dreamrelation.backbones.sharding import shard_blocks
from dreamrelation.backbones.streaming import BlockStream
from dreamrelation.backbones.weights import dtype_of, load_part
from dreamrelation.errors import UserError
from dreamrelation.processes import process_count
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import QUANTISED, ModelSettings


def open_transformer(
    model: type, settings: ModelSettings, machine: MachineSettings, subfolder: str, device: torch.device
) -> Any:
    """The transformer of a model folder, frozen, on the device or streamed to it.

    Raises UserError where weights are missing, broken or do not fit, and where settings exclude each other.
    """
    precision = settings.precision.denoiser
    for way in ("stream_weights", "shard_weights"):
        if getattr(machine, way) and precision in QUANTISED:
            raise UserError(
                f"machine.{way} with model.precision.denoiser {precision}: expected bfloat16 or float32; quantised"
                " weights are small enough to stay on the GPU"
            )
    transformer: Any = load_part(model, settings, "denoiser", subfolder)
    blocks = blocks_of(transformer, settings)
    if precision in QUANTISED:
        quantise(blocks, precision, dtype_of(settings, "denoiser"), device)
    if machine.compile_blocks:
        compile_blocks(blocks)
    if machine.stream_weights:
        BlockStream(blocks, device)
        _to_device_but(transformer, blocks, device)
    elif machine.shard_weights and process_count() > 1:
        shard_blocks(transformer, blocks, device)
        _to_device_but(transformer, blocks, device)
    else:
        transformer.to(device)
    use_attention_kernel(blocks, machine.attention, device, dtype_of(settings, "denoiser"))
    if machine.split_videos and process_count() > 1:
        split_tokens(transformer, settings.spec, device.type == "cpu")
    if machine.gradient_checkpointing:
        checkpoint_blocks(transformer, blocks, every=int(machine.gradient_checkpointing))
    return transformer


def blocks_of(transformer: nn.Module, settings: ModelSettings) -> list[nn.Module]:
    """The blocks that a forward pass goes through, in this order."""
    lists: list[Any] = [transformer.get_submodule(name) for name in settings.spec.blocks]
    return [block for some in lists for block in some]


def _to_device_but(transformer: nn.Module, blocks: list[nn.Module], device: torch.device) -> None:
    """Move everything outside the blocks."""
    inside = {id(layer) for block in blocks for layer in block.modules()}
    for layer in transformer.modules():
        if id(layer) not in inside:
            layer._apply(lambda tensor: tensor.to(device), recurse=False)
