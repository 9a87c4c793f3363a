"""The adapters of LoRA methods, and which of them a drawn role activates."""

from dreamrelation.roles import Role

ADAPTERS = ("relation", "subject1", "subject2", "ffn", "direct")
"""Adapters that a method may place; `direct` is the single one of direct LoRA."""


def active_adapters(role: Role | None, placed: tuple[str, ...]) -> tuple[str, ...]:
    """Adapters that are used and trained when `role` is drawn, section 3.2: four for the relation, two for a subject.

    `placed` are the adapters that the method has at all; an ablation may lack some. None: all of them.
    """
    if role is None:
        return tuple(adapter for adapter in ADAPTERS if adapter in placed)
    wanted = {
        "relation": ("relation", "subject1", "subject2", "ffn"),
        "relation_alone": ("relation", "ffn"),
        "subject1": ("subject1", "ffn"),
        "subject2": ("subject2", "ffn"),
    }[role]
    return tuple(adapter for adapter in wanted if adapter in placed)
