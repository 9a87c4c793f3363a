"""What encoders of transformers have in common: opening them, and the tokens' mean."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from dreamrelation.errors import UserError
from dreamrelation.local_models import UNUSABLE


def opened(model: Any, processor: Any, path: str, revision: str | None, what: str, **options: Any) -> tuple[Any, Any]:
    """A frozen model in float32, and its processor, by their classes; `options` are the model's.

    Raises UserError where there is none, naming `what` it is for, such as "the features videomae".
    """
    try:
        network = model.from_pretrained(path, revision=revision, dtype=torch.float32, **options)
        return network.eval().requires_grad_(False), processor.from_pretrained(path, revision=revision)
    except UNUSABLE as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{what}: path: found no such model at {path!r}: {reason}") from None


def mean_token(tokens: Tensor) -> np.ndarray:
    """(1, N, D) → (D,) float64."""
    return tokens[0].to(torch.float64).mean(dim=0).cpu().numpy()


def side(size: Any) -> str:
    """A processor's size as people write it."""
    found = {name: getattr(size, name, None) for name in ("height", "width", "shortest_edge", "longest_edge")}
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in found.items() if value is not None)
