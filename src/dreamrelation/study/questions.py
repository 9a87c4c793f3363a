"""What raters are asked of a group, and their answers.

The three questions are those of the paper's study (arXiv 2503.07602): relation alignment, text alignment and overall
quality; the wording is ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Protocol

TIE = "tie"


@dataclass(frozen=True)
class Question:
    """One question about the videos of a group."""

    name: str
    label: str
    """As tables write it."""
    text: str
    """With `{shown}` for the relation."""
    single: bool
    """Answered by one video or none of them (a tie); else by any number of videos."""

    def asked(self, shown: str) -> str:
        return self.text.format(shown=shown)


RELATION = Question(
    "relation",
    "Relation alignment",
    "In which video is what the two of the reference do, “{shown}”, shown best?",
    single=True,
)
TEXT = Question("text", "Text alignment", "Which video fits the description best?", single=True)
QUALITY = Question("quality", "Overall quality", "Which video is the best one on the whole?", single=True)
WHICH_SHOW = Question("shows", "Shows the relation", "Which of the videos show “{shown}” at all?", single=False)
BY_NAME = {question.name: question for question in (RELATION, TEXT, QUALITY, WHICH_SHOW)}


def asked_questions(which_show: bool) -> tuple[Question, ...]:
    """The questions of a study, in order."""
    return (RELATION, TEXT, QUALITY, *((WHICH_SHOW,) if which_show else ()))


class Form(Protocol):
    """What a browser sent: name → values."""

    def getlist(self, key: str, /) -> Sequence[object]: ...


@dataclass(frozen=True)
class Answers:
    """To all questions of a group."""

    chosen: Mapping[str, tuple[int, ...]]
    """Question → the chosen videos' places in the group; none: a tie, or none shows it."""
    missing: tuple[str, ...]
    """Questions without an answer that can be used; where there are any, the answers are not complete."""


def letters(count: int) -> str:
    """The names of so many videos in the order in which they stand on the page."""
    return ascii_uppercase[:count]


def read_answers(form: Form, questions: tuple[Question, ...], places: list[int]) -> Answers:
    """The answers in a form whose videos stand in the order `places`; letters stand for videos.

    The box "none of them" answers a question that takes several videos; beside a video it is a contradiction.
    """
    names = letters(len(places))
    chosen: dict[str, tuple[int, ...]] = {}
    missing: list[str] = []
    for question in questions:
        values = [str(value) for value in form.getlist(question.name)]
        known = all(value == TIE or (len(value) == 1 and value in names) for value in values)
        alone = TIE not in values or len(values) == 1
        if not values or not known or not alone or (question.single and len(values) > 1):
            missing.append(question.name)
            continue
        chosen[question.name] = tuple(sorted({places[names.index(value)] for value in values if value != TIE}))
    return Answers(chosen, tuple(missing))
