"""One safetensors file per adapter, in the naming that diffusers' `load_lora_weights` reads."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from dreamrelation.backbones.interface import Denoiser
from dreamrelation.methods.lora.placement import adapter_parameters, tuner_layers
from dreamrelation.methods.storage import FACTS, check_shape, load_tensors, save_tensors

METADATA = "lora_adapter_metadata"
"""Where diffusers looks for peft's settings of a LoRA; without them it takes alpha to be the rank. It is the one
metadata key, with our own facts in it: diffusers reads only what begins with the name of a part of its pipeline.
"""


def file_of(folder: Path, adapter: str) -> Path:
    return folder / f"{adapter}.safetensors"


def save_adapter(denoiser: Denoiser, adapter: str, folder: Path, facts: dict[str, Any]) -> None:
    """Write one adapter, with facts such as the relation's name in the metadata."""
    tensors = _by_stored_name(denoiser, adapter)
    rank, alpha = _rank_and_alpha(denoiser, adapter)
    told = {FACTS: {"adapter": adapter, "rank": rank, "alpha": alpha, **facts}, **_peft_settings(tensors, rank, alpha)}
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


def _peft_settings(names: Iterable[str], rank: int, alpha: int) -> dict[str, Any]:
    """What diffusers builds its adapters from: fields of peft's `LoraConfig` behind the name of the pipeline's part.

    `names`: of the stored tensors, such as "transformer.blocks.0.attn1.to_q.lora_A.weight".
    """
    modules = sorted({name.split(".lora_")[0] for name in names})
    settings: dict[str, Any] = {}
    for part in sorted({module.partition(".")[0] for module in modules}):
        own = [module.removeprefix(f"{part}.") for module in modules if module.startswith(f"{part}.")]
        settings |= {f"{part}.r": rank, f"{part}.lora_alpha": alpha, f"{part}.target_modules": own}
    return settings
