"""Relations, of NTU RGB+D (its 26 mutual actions, read from `relations.yaml`) or one's own, and their sentences."""

from dataclasses import dataclass
from importlib import resources
from typing import Literal

import yaml

ActorCue = Literal["hand", "foot", "head", "body", "behind", "moves", "left", "right"]


@dataclass(frozen=True)
class Relation:
    """One relation."""

    slug: str
    predicate: str
    """What subject 1 does to the `{other}` subject, in the present continuous."""
    actor: ActorCue | None = None
    """What tells the actor, who is subject 1; None: subject 1 is the one on the left."""
    action: int | None = None
    """NTU's label, the aaa of SsssCcccPpppRrrrAaaa; None: a relation of one's own."""
    clip_caption: str | None = None
    """What all clips show; None: two persons of whom the predicate is said."""

    @property
    def label(self) -> str:
        """As in NTU's file names, such as A058; empty for a relation of one's own."""
        return "" if self.action is None else f"A{self.action:03d}"

    @property
    def caption_of_clips(self) -> str:
        return self.clip_caption or self.caption()

    @property
    def words(self) -> tuple[str, ...]:
        """What a caption says of the relation itself, in the pieces that stand on either side of subject 2: such as
        ("shaking hands with",)."""
        said = self.predicate.removeprefix("is ").split("{other}")
        return tuple(piece.strip() for piece in said if piece.strip())

    def caption(self, subject1: str = "person", subject2: str = "person") -> str:
        """Such as 'A dog is shaking hands with a cat.'"""
        predicate = self.predicate.format(other=with_article(subject2))
        return f"{with_article(subject1).capitalize()} {predicate}."


def with_article(noun: str) -> str:
    """Such as "an owl"."""
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def _read() -> dict[str, Relation]:
    text = resources.files("dreamrelation").joinpath("relations.yaml").read_text(encoding="utf-8")
    return {slug: Relation(slug=slug, **fields) for slug, fields in yaml.safe_load(text)["relations"].items()}


RELATIONS = _read()
"""Slug → relation."""
BY_ACTION = {relation.action: relation for relation in RELATIONS.values() if relation.action is not None}
