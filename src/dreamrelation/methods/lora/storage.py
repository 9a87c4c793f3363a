"""One safetensors file per adapter, in the naming that diffusers' `load_lora_weights` reads."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from dreamrelation.adapter_format import METADATA
from dreamrelation.backbones.interface import Denoiser
from dreamrelation.methods.files import FACTS
from dreamrelation.methods.lora.files import file_of, peft_settings
from dreamrelation.methods.lora.placement import adapter_parameters, tuner_layers
from dreamrelation.methods.storage import check_shape, load_tensors, save_tensors


def save_adapter(denoiser: Denoiser, adapter: str, folder: Path, facts: dict[str, Any]) -> None:
    """Write one adapter, with facts such as the relation's name in the metadata."""
    tensors = _by_stored_name(denoiser, adapter)
    rank, alpha = _rank_and_alpha(denoiser, adapter)
    layers = {name.split(".lora_")[0]: rank for name in tensors}
    told = {FACTS: {"adapter": adapter, "rank": rank, "alpha": alpha, **facts}, **peft_settings(layers, rank, alpha)}
    save_tensors(file_of(folder, adapter), tensors, told, METADATA)


def load_adapter(denoiser: Denoiser, adapter: str, folder: Path) -> None:
    """Fill an adapter that is already placed.

    Raises UserError naming the file where it is missing, broken, or its tensors are not exactly the adapter's.
    """
    path, expected = file_of(folder, adapter), _by_stored_name(denoiser, adapter)
    stored = load_tensors(path, set(expected))
    with torch.no_grad():
        for name, parameter in expected.items():
            check_shape(path, name, stored[name], tuple(parameter.shape))
            parameter.copy_(stored[name])


def _by_stored_name(denoiser: Denoiser, adapter: str) -> dict[str, nn.Parameter]:
    """The adapter's parameters by the names that they have in its file."""
    parameters = adapter_parameters(denoiser.module, adapter)
    return {denoiser.spec.state_prefix + name.replace(f".{adapter}.", "."): p for name, p in parameters.items()}


def _rank_and_alpha(denoiser: Denoiser, adapter: str) -> tuple[int, int]:
    """Of an adapter that is placed, on all of its layers alike."""
    layers: list[Any] = [layer for layer in tuner_layers(denoiser.module) if adapter in getattr(layer, "r", {})]
    ((rank, alpha),) = {(layer.r[adapter], layer.lora_alpha[adapter]) for layer in layers}
    return rank, alpha
