"""Judges from outside the package that say what a test tells them."""

from typing import Any, ClassVar

import numpy as np

from dreamrelation.errors import UserError
from dreamrelation.metrics.judges.interface import Answer, Question
from dreamrelation.settings.judges import JudgeSettings
from dreamrelation.settings.machine import MachineSettings

SAYS = "tests.metrics.own_judges:SaysByTurns"


class SaysByTurns:
    """Gives its answers by the seed; all that it is asked stands in `asked`."""

    class Settings(JudgeSettings):
        answers: tuple[str, ...] = ("yes",)
        """By seed, then from the start again."""
        breaks_at: int | None = None
        """The seed at which it cannot be asked."""
        likely: float | None = None
        """Probability of the first choice."""

    asked: ClassVar[list[tuple[np.ndarray, Question, int]]] = []
    name = "a judge of tests"
    at_once = 1

    def __init__(self, settings: Settings, machine: MachineSettings) -> None:
        self.settings = settings
        self.draws = settings.likely is None

    @property
    def facts(self) -> dict[str, Any]:
        return {"answers": self.settings.answers}

    def ask(self, pictures: np.ndarray, question: Question, seed: int) -> Answer:
        if seed == self.settings.breaks_at:
            raise UserError("the judge is gone")
        self.asked.append((pictures, question, seed))
        if self.settings.likely is not None:
            first, second = question.choices
            return Answer(first, {first: self.settings.likely, second: 1 - self.settings.likely})
        return Answer(self.settings.answers[seed % len(self.settings.answers)])
