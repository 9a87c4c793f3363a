"""What is typed into the form, and the order that it makes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from dreamrelation.errors import UserError
from dreamrelation.play.order import MOST_SEED, MOST_STRENGTH, Offer, Order
from dreamrelation.settings.prompts import Place
from dreamrelation.settings.subjects import Subject

MOST_STEPS = 1000
_SUBJECT, _PLACE = TypeAdapter(Subject), TypeAdapter(Place)


class Typed(BaseModel):
    """The form's fields as they are typed."""

    subject1: str = ""
    subject2: str = ""
    place: str = ""
    methods: list[str] = []
    seed: str = ""
    strength: str = ""
    steps: str = ""

    @staticmethod
    def of(order: Order) -> "Typed":
        return Typed(
            subject1=order.subjects[0],
            subject2=order.subjects[1],
            place=order.place or "",
            methods=list(order.methods),
            seed=str(order.seed),
            strength=f"{order.strength:g}",
            steps=str(order.steps),
        )


@dataclass(frozen=True)
class Wrong:
    """Field → what is wrong with what is typed there."""

    problems: dict[str, str]


def order_of(typed: Typed, offer: Offer) -> Order | Wrong:
    """The order that the form makes, or what is wrong with it."""
    problems: dict[str, str] = {}

    def read(field: str, reader: Callable[[str], Any]) -> Any:
        try:
            return reader(getattr(typed, field).strip())
        except UserError as error:
            problems[field] = str(error)
            return None

    order = Order(
        subjects=(read("subject1", _subject), read("subject2", _subject)),
        place=read("place", _place),
        methods=tuple(name for name in offer.usable if name in typed.methods),
        seed=read("seed", _whole(0, MOST_SEED)),
        strength=read("strength", _strength),
        steps=read("steps", _whole(2, MOST_STEPS)),
    )
    unusable = [name for name in typed.methods if name not in offer.usable]
    if unusable:
        problems["methods"] = f"Found the method {unusable[0]!r}, expected some of {', '.join(offer.usable)}."
    elif not order.methods:
        problems["methods"] = "Choose at least one."
    return Wrong(problems) if problems else order


def _subject(text: str) -> str:
    if not text:
        raise UserError("Type a subject, such as “dog” or “old robot”.")
    return _checked(_SUBJECT, text)


def _place(text: str) -> str | None:
    return _checked(_PLACE, text) if text else None


def _checked(kind: TypeAdapter[str], text: str) -> str:
    try:
        return kind.validate_python(text)
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UserError(f"{message[0].upper()}{message[1:]}.") from None


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) < 20 and least <= int(text) <= most):
            raise UserError(f"Found {text[:40]!r}, expected a whole number from {least} to {most}.")
        return int(text)

    return read


def _strength(text: str) -> float:
    try:
        strength = float(text[:40])
    except ValueError:
        strength = -1.0
    if not 0 <= strength <= MOST_STRENGTH:
        raise UserError(f"Found {text[:40]!r}, expected a number from 0 to {MOST_STRENGTH:g}.")
    return strength
