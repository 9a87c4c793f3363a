"""What a method learned, as safetensors: equal trainings give equal bytes, and every tensor is checked."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from dreamrelation.errors import UserError
from dreamrelation.methods.files import FACTS


def save_tensors(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any], key: str = FACTS) -> None:
    """Write tensors in float32, with facts about them as JSON under one metadata key.

    It is the only one: safetensors writes several in any order.
    """
    stored = {name: tensor.detach().float().cpu().contiguous() for name, tensor in tensors.items()}
    save_file(stored, path, metadata={key: json.dumps(dict(facts), sort_keys=True)})


def load_tensors(path: Path, names: set[str]) -> dict[str, Tensor]:
    """Exactly the tensors of these names.

    Raises UserError naming the file where it is missing, broken, holds others, or holds a value that is not finite.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file, expected it from the training")
    try:
        stored = load_file(path)
    except SafetensorError as error:
        raise UserError(f"{path}: not a whole safetensors file: {error}") from None
    odd = sorted(set(stored) ^ names)
    if odd:
        raise UserError(f"{path}: its tensors are not those of the method's settings; first difference: {odd[0]}")
    broken = [name for name, tensor in stored.items() if not bool(torch.isfinite(tensor).all())]
    if broken:
        raise UserError(f"{path}: {broken[0]} is not finite")
    return stored


def check_shape(path: Path, name: str, tensor: Tensor, expected: tuple[int, ...]) -> None:
    """Raise UserError where a tensor has another shape; an expected 0 stands for any number."""
    fits = tensor.ndim == len(expected) and all(e in (0, n) for n, e in zip(tensor.shape, expected, strict=True))
    if not fits:
        shown = tuple(e or "any" for e in expected)
        raise UserError(f"{path}: {name} has the shape {tuple(tensor.shape)}, expected {shown}")
