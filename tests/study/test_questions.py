"""What a form says."""

import pytest
from starlette.datastructures import FormData

from dreamrelation.study.questions import asked_questions, read_answers

THREE, FOUR = asked_questions(False), asked_questions(True)
PLACES = [2, 0, 3, 1]
"""A is the group's video 2, B its video 0, …"""


def form(*pairs: tuple[str, str]) -> FormData:
    return FormData(list(pairs))


GOOD = (("relation", "A"), ("text", "tie"), ("quality", "D"))


def test_letters_are_turned_back_into_videos() -> None:
    found = read_answers(form(*GOOD), THREE, PLACES)
    assert found.missing == () and found.chosen == {"relation": (2,), "text": (), "quality": (1,)}


@pytest.mark.parametrize(
    ("pairs", "missing"),
    [
        ((), ("relation", "text", "quality")),
        (GOOD[:2], ("quality",)),
        ((*GOOD[:2], ("quality", "E")), ("quality",)),
        ((*GOOD[:2], ("quality", "AB")), ("quality",)),
        ((*GOOD[:2], ("quality", "")), ("quality",)),
        ((*GOOD[:2], ("quality", "a")), ("quality",)),
        ((*GOOD, ("quality", "A")), ("quality",)),
        ((*GOOD, ("relation", "tie")), ("relation",)),
    ],
)
def test_what_is_no_answer_is_missing(pairs: tuple[tuple[str, str], ...], missing: tuple[str, ...]) -> None:
    assert read_answers(form(*pairs), THREE, PLACES).missing == missing


@pytest.mark.parametrize(
    ("shows", "chosen"),
    [(("B", "D"), (0, 1)), (("tie",), ()), (("A", "B", "C", "D"), (0, 1, 2, 3)), (("tie", "A"), None), ((), None)],
)
def test_the_fourth_question_takes_several_videos_or_none(
    shows: tuple[str, ...], chosen: tuple[int, ...] | None
) -> None:
    found = read_answers(form(*GOOD, *(("shows", value) for value in shows)), FOUR, PLACES)
    assert found.missing == (("shows",) if chosen is None else ())
    assert found.chosen.get("shows") == chosen
