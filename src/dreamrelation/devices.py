"""Where models run."""

import torch

from dreamrelation.errors import UserError


def choose_device(wanted: str) -> torch.device:
    """The device of the setting `machine.device`; "auto" is the GPU if there is one.

    Raises UserError where CUDA is asked for in vain.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UserError("machine.device is cuda, but torch finds no CUDA device; set it to auto or cpu")
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)
