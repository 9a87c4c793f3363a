"""The words that training, caches and methods share: the two subjects and what one training step is about."""

from typing import Literal

Role = Literal["relation", "subject1", "subject2", "relation_alone"]
"""What one training step is about: the relation together with those who act it, one of these, or the relation without
what is learnt of them, as generation shows it."""

ROLES: tuple[Role, ...] = ("relation", "subject1", "subject2")
"""The paper's. They also name the masks."""


def mask_of(role: Role) -> Role:
    """The name of the mask that belongs to a role."""
    return "relation" if role == "relation_alone" else role


def is_of_relation(role: Role | None) -> bool:
    """Whether the relation is learnt in a step; None: a step is about everything."""
    return role in ("relation", "relation_alone", None)


SUBJECTS = 2
"""A relation is between two."""
