"""Reading answers: the first word counts, and what is none of the choices is no answer."""

import re

from dreamrelation.metrics.judges.interface import Answer

THOUGHT, THOUGHT_ENDS = "<think>", "</think>"


def chosen(text: str, choices: tuple[str, ...]) -> str | None:
    """The choice that an answer starts with, in whatever case; None where it starts with none, or with two at once.

    What a model thought before it answered is not looked at.
    """
    words = re.findall(r"\w+", _without_thoughts(text).casefold())[:3]
    if not words or words[0] not in choices:
        return None
    if len(words) == 3 and words[1] in ("and", "or") and words[2] in choices:
        return None  # "yes or no?" repeats the question
    return words[0]


def _without_thoughts(text: str) -> str:
    """In one pass: an expression would look for the end again at each of many beginnings without one."""
    kept = []
    while True:
        before, _, after = text.partition(THOUGHT)
        _, end, rest = after.partition(THOUGHT_ENDS)
        if not end:
            return "".join([*kept, text])
        kept.append(before)
        text = rest


def value_of(answer: Answer, values: dict[str, float]) -> float | None:
    """From what each choice stands for; with probabilities, what is to be expected. None: no answer to the question."""
    if answer.shares:
        return sum(share * values[choice] for choice, share in answer.shares.items())
    choice = chosen(answer.text, tuple(values))
    return None if choice is None else values[choice]
