"""Relations of one's own: what a sub-folder's `relation.yaml` says."""

from pathlib import Path
from string import Formatter
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, StringConstraints, ValidationError

from dreamrelation.errors import UserError
from dreamrelation.relations import ActorCue, Relation
from dreamrelation.settings.base import UNREADABLE, Settings

FILE = "relation.yaml"
OTHER = "{other}"


def _with_other(predicate: str) -> str:
    try:
        fields = [field for _, *field in Formatter().parse(predicate) if field[0] is not None]
    except ValueError:
        fields = []
    # Nothing but the name: a format such as {other:>999999999} would fill the memory.
    if not fields or any(field != [OTHER.strip("{}"), "", None] for field in fields):
        raise ValueError(f"found {predicate!r}, expected a text with {OTHER} in it, such as 'is hugging {OTHER}'")
    return predicate


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"found {text!r}, expected one line without characters that cannot be seen")
    return text


Sentence = Annotated[
    str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True), AfterValidator(_printable)
]


class OwnRelation(Settings):
    """What the clips of a relation show."""

    predicate: Annotated[Sentence, AfterValidator(_with_other)]
    """What subject 1 does to the `{other}` subject, in the present continuous: captions and prompts are made of it."""
    caption: Sentence | None = None
    """Of all clips; `None`: "A person", the predicate, "a person"."""
    actor: ActorCue | None = None
    """Who is subject 1: `left`, `right` or `moves`, whose mask moves most; with skeletons also `hand`, `foot`, `head`
    or `body`, whose joints move most, or `behind`. `None`: the one on the left."""

    def named(self, slug: str) -> Relation:
        return Relation(slug, self.predicate, self.actor, clip_caption=self.caption)


def read_own_relation(path: Path) -> OwnRelation:
    """Raises UserError naming the file where it is missing, or does not say what a relation is."""
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UserError(
            f"{path}: no such file, expected one that says what the clips show: predicate: is hugging {OTHER}"
        ) from None
    except UNREADABLE as error:
        raise UserError(f"{path}: cannot be read as YAML: {error}") from None
    try:
        return OwnRelation.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{path}: {place + ': ' if place else ''}{message}") from None
