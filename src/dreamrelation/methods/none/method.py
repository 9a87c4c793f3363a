"""The base model as it is: generation goes through the same interface, with nothing put into the model."""

from pathlib import Path
from typing import Any

from torch import nn

from dreamrelation.methods.interface import OpenModel, PlainMethod, PredictedStep, StepLoss
from dreamrelation.roles import Role
from dreamrelation.settings.methods import MethodSettings


class NoMethod(PlainMethod):
    """Implements `Method` for generation; whoever trains it has made a mistake."""

    def __init__(self, settings: MethodSettings) -> None:
        self.settings = settings

    def load(self, model: OpenModel, grid: tuple[int, int, int], folder: Path) -> list[Path]:
        self.model = model
        return []

    def attach(self, model: OpenModel, grid: tuple[int, int, int], seed: int) -> None:
        raise NotImplementedError("this method trains nothing")

    def parameters(self) -> dict[str, nn.Parameter]:
        return {}

    def activate(self, role: Role | None) -> dict[str, nn.Parameter]:
        raise NotImplementedError("this method trains nothing")

    def loss(self, step: PredictedStep) -> StepLoss:
        raise NotImplementedError("this method trains nothing")

    def save(self, folder: Path, facts: dict[str, Any]) -> None:
        raise NotImplementedError("this method trains nothing")
