"""Where models run."""

import os

import torch

from dreamrelation.errors import UserError


def choose_device(wanted: str) -> torch.device:
    """The device of the setting `machine.device`; "auto" is the GPU if there is one, of several processes that a
    launcher started each one's own.

    Raises UserError where CUDA is asked for in vain.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UserError("machine.device is cuda, but torch finds no CUDA device; set it to auto or cpu")
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    own = os.environ.get("LOCAL_RANK")
    return torch.device(wanted) if wanted == "cpu" or own is None else torch.device(wanted, int(own))
