"""Optimizers by their names in the settings."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from dreamrelation.errors import UserError
from dreamrelation.settings.methods import TrainingSettings


def optimizer_of(settings: TrainingSettings, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """What moves these parameters. A parameter without a gradient is left alone, and gets no state.

    Raises UserError where a package that it needs is not installed.
    """
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay)
    if find_spec("torchao") is None:
        raise UserError(
            f"training.optimizer {settings.optimizer} needs the package torchao:"
            " pip install --no-deps -r requirements-quantised.txt"
        )
    torchao: Any = import_module("torchao.optim")
    return torchao.AdamW8bit(parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay)


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """For the next step. torchao keeps the rate in a tensor, as its steps are compiled for it."""
    for group in optimizer.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate
