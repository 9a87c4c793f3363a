"""What is typed: every mistake is told at its field, and none is let through."""

from typing import Any

import pytest
from tests.play.fake import FIRST, OFFER

from dreamrelation.play.form import Typed, Wrong, order_of
from dreamrelation.play.order import Order


def typed(**over: Any) -> Typed:
    return Typed.of(FIRST).model_copy(update=over)


def test_an_order_is_read_as_it_was_shown() -> None:
    for order in (FIRST, Order(("old robot", "猫"), "in a library", ("learned",), 2**63 - 1, 0.35, 1000)):
        assert order_of(Typed.of(order), OFFER) == order


def test_spaces_around_are_nothing_and_methods_keep_their_order() -> None:
    found = order_of(typed(subject1="  dog ", place="  ", methods=["learned", "base"], seed=" 7 "), OFFER)
    assert found == FIRST


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("subject1", "", "Type a subject"),
        ("subject2", "x" * 61, "Found the subject"),
        ("subject1", "dog\x00", "Found the subject 'dog\\x00'"),
        ("subject1", "dog\ncat", "Found the subject 'dog\\ncat'"),
        ("subject2", "\u202edog", "Found the subject"),
        ("subject2", "!!", "Found the subject '!!', expected at least one letter or digit"),
        ("place", "library", "Found the place 'library'"),
        ("place", "in a library.", "Found the place"),
        ("seed", "", "Found '', expected a whole number from 0 to"),
        ("seed", "-1", "Found '-1'"),
        ("seed", "1e3", "Found '1e3'"),
        ("seed", "9" * 30, "Found '999"),
        ("seed", "٣", "Found '٣'"),
        ("strength", "2.1", "Found '2.1', expected a number from 0 to 2."),
        ("strength", "-0.1", "Found '-0.1'"),
        ("strength", "nan", "Found 'nan'"),
        ("strength", "inf", "Found 'inf'"),
        ("strength", "strong", "Found 'strong'"),
        ("steps", "1", "Found '1', expected a whole number from 2 to 1000."),
        ("steps", "1001", "Found '1001'"),
        ("steps", "4.5", "Found '4.5'"),
        ("methods", [], "Choose at least one."),
        ("methods", ["late"], "Found the method 'late', expected some of base, learned."),
        ("methods", ["base", "<b>"], "Found the method '<b>'"),
    ],
)
def test_a_mistake_is_told_at_its_field(field: str, value: Any, problem: str) -> None:
    found = order_of(typed(**{field: value}), OFFER)
    assert isinstance(found, Wrong) and list(found.problems) == [field]
    assert found.problems[field].startswith(problem)


def test_all_mistakes_are_told_at_once() -> None:
    found = order_of(Typed(), OFFER)
    assert isinstance(found, Wrong)
    assert set(found.problems) == {"subject1", "subject2", "methods", "seed", "strength", "steps"}
