"""Reading the weights of Grounding DINO and SAM: the official files, or safetensors."""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from dreamrelation.errors import UserError


def read_checkpoint(setting: str, path: str) -> dict[str, Any]:
    """A checkpoint file's content; nothing but tensors and plain containers is unpickled.

    `setting` is the key that names the file. Raises UserError where it is missing or cannot be read.
    """
    file = Path(path)
    if not file.is_file():
        raise UserError(
            f"{setting}: found no file at {path}, expected the official checkpoint; docs/ntu_mochi.md says where it is"
        )
    if file.suffix == ".safetensors":
        try:
            return load_file(file)
        except SafetensorError as error:
            raise UserError(f"{setting}: {path} is not a safetensors file: {error}") from error
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises whatever the unpickler does
        raise UserError(f"{setting}: {path} is not a checkpoint of plain tensors: {error}") from error
    if not isinstance(content, dict):
        raise UserError(f"{setting}: {path} holds a {type(content).__name__}, expected a mapping of weights")
    return content


def load_weights(
    model: nn.Module, weights: dict[str, Tensor], setting: str, path: str, unused: frozenset[str] = frozenset()
) -> None:
    """Load weights by name, all of them and no others; `unused` names may be there.

    Raises UserError with the names or shapes that do not fit.
    """
    try:
        missing, unexpected = model.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        raise UserError(f"{setting}: {path} does not fit the model: {error}") from None
    surplus = sorted(set(unexpected) - unused)
    if missing or surplus:
        raise UserError(
            f"{setting}: {path} does not fit the model: {len(missing)} weights are missing, such as {missing[:3]},"
            f" {len(surplus)} are unknown, such as {surplus[:3]}"
        )
