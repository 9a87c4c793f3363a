"""Opening transformers' video segmenters."""

from typing import Any

import torch

from dreamrelation.errors import UserError
from dreamrelation.local_models import UNUSABLE

SETTING = "masks.segmenter.model"


def open_video_model(
    model_class: Any, processor_class: Any, name: str, example: str, device: torch.device
) -> tuple[Any, Any, torch.dtype]:
    """Model and processor from a folder or hub id, and the type that the model computes in.

    Raises UserError, with an `example` of what is expected, where either cannot be loaded.
    """
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    try:
        processor = processor_class.from_pretrained(name)
        model = model_class.from_pretrained(name, dtype=dtype)
    except UNUSABLE as error:
        raise UserError(
            f"{SETTING} {name!r}: cannot be loaded, expected a folder or hub id such as {example}: {error}"
        ) from None
    return model.eval().requires_grad_(False).to(device), processor, dtype
