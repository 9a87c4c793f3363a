"""The words that training, caches and methods share: the two subjects and what one training step is about."""

from typing import Literal

Role = Literal["relation", "subject1", "subject2"]
"""What one training step is about; also names the mask that belongs to it."""

ROLES: tuple[Role, ...] = ("relation", "subject1", "subject2")
SUBJECTS = 2
"""A relation is between two."""
