"""The 26 mutual actions of NTU RGB+D, read from `relations.yaml`, and the sentences made of them."""

from dataclasses import dataclass
from importlib import resources
from typing import Literal

import yaml

ActorCue = Literal["hand", "foot", "head", "body", "behind"]


@dataclass(frozen=True)
class Relation:
    """One relation."""

    slug: str
    action: int
    """NTU's label, the aaa of SsssCcccPpppRrrrAaaa."""
    predicate: str
    """What subject 1 does to the `{other}` subject, in the present continuous."""
    actor: ActorCue | None
    """What tells the actor, who is subject 1; None: subject 1 is the one on the left."""

    @property
    def label(self) -> str:
        """As in the file names, such as A058."""
        return f"A{self.action:03d}"

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
BY_ACTION = {relation.action: relation for relation in RELATIONS.values()}
