"""One safetensors file per adapter, in the naming that diffusers' `load_lora_weights` reads."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from dreamrelation.backbones.interface import Denoiser
from dreamrelation.errors import UserError
from dreamrelation.methods.lora.placement import adapter_parameters

FACTS = "dreamrelation"
"""The one metadata key: safetensors writes several in any order, and equal trainings should give equal bytes."""


def file_of(folder: Path, adapter: str) -> Path:
    return folder / f"{adapter}.safetensors"


def save_adapter(denoiser: Denoiser, adapter: str, folder: Path, facts: dict[str, Any]) -> None:
    """Write one adapter, with facts such as rank and alpha in the metadata."""
    tensors = {
        _stored_name(denoiser, adapter, name): parameter.detach().float().cpu().contiguous()
        for name, parameter in adapter_parameters(denoiser.module, adapter).items()
    }
    metadata = {FACTS: json.dumps({"adapter": adapter, **facts}, sort_keys=True)}
    save_file(tensors, file_of(folder, adapter), metadata=metadata)


def load_adapter(denoiser: Denoiser, adapter: str, folder: Path) -> None:
    """Fill an adapter that is already placed.

    Raises UserError naming the file where it is missing, broken, or its tensors are not exactly the adapter's.
    """
    path = file_of(folder, adapter)
    if not path.is_file():
        raise UserError(f"{path}: no such adapter file, expected it from the training")
    parameters = adapter_parameters(denoiser.module, adapter)
    expected = {_stored_name(denoiser, adapter, name): parameter for name, parameter in parameters.items()}
    try:
        with safe_open(path, framework="pt") as file:
            odd = sorted(set(file.keys()) ^ set(expected))
            if odd:
                raise UserError(f"{path}: its tensors are not those of {adapter!r}; first difference: {odd[0]}")
            with torch.no_grad():
                for name, parameter in expected.items():
                    tensor = file.get_tensor(name)
                    if tensor.shape != parameter.shape:
                        shapes = f"{tuple(tensor.shape)}, expected {tuple(parameter.shape)}"
                        raise UserError(f"{path}: {name} has the shape {shapes}")
                    parameter.copy_(tensor)
    except SafetensorError as error:
        raise UserError(f"{path}: not a whole safetensors file: {error}") from None


def _stored_name(denoiser: Denoiser, adapter: str, name: str) -> str:
    return denoiser.spec.state_prefix + name.replace(f".{adapter}.", ".")
