"""What a judge takes and gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from dreamrelation.settings.judges import JudgeSettings
from dreamrelation.settings.machine import MachineSettings


@dataclass(frozen=True)
class Question:
    """What is asked of some pictures."""

    text: str
    choices: tuple[str, ...]
    """The words that an answer may start with, such as yes and no."""


@dataclass(frozen=True)
class Answer:
    """What a judge said."""

    text: str
    """Word by word."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """Choice → probability, where the judge can tell; they sum to 1."""


class VisionLanguageJudge(Protocol):
    """Answers questions about pictures in words."""

    name: str
    """Model and version, as tables and reports write it."""
    at_once: int
    """Questions that it takes at the same time, from as many threads."""
    draws: bool
    """Whether another seed may give another answer, so that it is worth while to ask again."""

    def __init__(self, settings: JudgeSettings, machine: MachineSettings) -> None: ...

    @property
    def facts(self) -> dict[str, Any]:
        """All that an answer depends on besides pictures, question and seed: model, sampling, size of pictures."""
        ...

    def ask(self, pictures: np.ndarray, question: Question, seed: int) -> Answer:
        """About (K, H, W, 3) uint8 RGB pictures, in their order.

        What is no answer to the question is still an answer: it is given as it is. Raises UserError where the judge
        cannot be asked at all.
        """
        ...
