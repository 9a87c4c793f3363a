"""The base model as it is: generation goes through the same interface, with nothing put into the model."""

from pathlib import Path

from dreamrelation.methods.interface import OpenModel, PlainMethod
from dreamrelation.settings.methods import MethodSettings


class NoMethod(PlainMethod):
    """Implements `Method`; there is nothing to train."""

    def __init__(self, settings: MethodSettings) -> None:
        self.settings = settings

    def load(self, model: OpenModel, grid: tuple[int, int, int], folder: Path) -> list[Path]:
        self.model = model
        return []
