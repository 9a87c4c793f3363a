"""The words of the method: subjects, masks, adapters, projections, and what each drawn role activates."""

from typing import Literal

Role = Literal["relation", "subject1", "subject2"]
"""What one training step is about; also names the mask that weights its loss."""
Projection = Literal["query", "key", "value", "output"]
"""A linear layer of joint attention, in both branches."""

ROLES: tuple[Role, ...] = ("relation", "subject1", "subject2")
PROJECTIONS: tuple[Projection, ...] = ("query", "key", "value", "output")
ADAPTERS = ("relation", "subject1", "subject2", "ffn", "direct")
"""Adapters that a method may place; `direct` is the single one of direct LoRA."""


def active_adapters(role: Role, placed: tuple[str, ...]) -> tuple[str, ...]:
    """Adapters that are used and trained when `role` is drawn, section 3.2: all four for the relation, else two.

    `placed` are the adapters that the method has at all; an ablation may lack some.
    """
    wanted = ("relation", "subject1", "subject2", "ffn") if role == "relation" else (role, "ffn")
    return tuple(adapter for adapter in wanted if adapter in placed)
