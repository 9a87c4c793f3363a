"""One safetensors file per adapter, in the naming that diffusers' `load_lora_weights` reads."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from dreamrelation.adapters.placement import adapter_parameters

PREFIX = "transformer."


def file_of(folder: Path, adapter: str) -> Path:
    return folder / f"{adapter}.safetensors"


def save_adapter(module: nn.Module, adapter: str, folder: Path, facts: dict[str, object]) -> Path:
    """Write one adapter, with facts such as rank and alpha in the metadata; returns its path."""
    tensors = {
        PREFIX + name.replace(f".{adapter}.", "."): parameter.detach().float().cpu().contiguous()
        for name, parameter in adapter_parameters(module, adapter).items()
    }
    path = file_of(folder, adapter)
    metadata = {"format": "pt", "dreamrelation": json.dumps({"adapter": adapter, **facts}, sort_keys=True)}
    save_file(tensors, path, metadata=metadata)
    return path


def load_adapter(module: nn.Module, adapter: str, folder: Path) -> None:
    """Fill an adapter that is already placed.

    Raises FileNotFoundError, or ValueError naming the file where its tensors are not exactly the adapter's.
    """
    path = file_of(folder, adapter)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such adapter file")
    targets = adapter_parameters(module, adapter)
    expected = {PREFIX + name.replace(f".{adapter}.", "."): parameter for name, parameter in targets.items()}
    try:
        with safe_open(path, framework="pt") as file:
            found = set(file.keys())
            if found != set(expected):
                odd = sorted(found ^ set(expected))
                raise ValueError(f"{path}: its tensors are not those of {adapter!r}; first difference: {odd[0]}")
            with torch.no_grad():
                for name, parameter in expected.items():
                    tensor = file.get_tensor(name)
                    if tensor.shape != parameter.shape:
                        raise ValueError(
                            f"{path}: {name} has the shape {tuple(tensor.shape)}, expected {tuple(parameter.shape)}"
                        )
                    parameter.copy_(tensor)
    except SafetensorError as error:
        raise ValueError(f"{path}: not a safetensors file: {error}") from None
