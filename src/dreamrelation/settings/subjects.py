"""The names of new subjects, and the names of files that are made of them."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

from dreamrelation.errors import UserError

LONGEST = 60
LONGEST_SLUG = 80
"""In bytes: two of them, a place and what else is in a file name stay below the 255 that file systems allow."""


def _checked(subject: str) -> str:
    if not subject.strip() or len(subject) > LONGEST or not subject.isprintable() or subject != subject.strip():
        raise UserError(f"found the subject {subject!r}, expected 1 to {LONGEST} printable characters, no space around")
    if not slug(subject):
        raise UserError(f"found the subject {subject!r}, expected at least one letter or digit")
    if len(slug(subject).encode()) > LONGEST_SLUG:
        raise UserError(f"the subject {subject!r} gives a file name that is too long, expected fewer letters")
    return subject


Subject = Annotated[str, AfterValidator(_checked)]


def slug(subject: str) -> str:
    """A subject as a part of a file name: letters and digits of any script, anything else a hyphen."""
    text = unicodedata.normalize("NFKC", subject).lower()
    return re.sub(r"[^\w]+|_+", "-", text).strip("-")


def prompt_name(subjects: tuple[str, str], place: str | None) -> str:
    """Such as dog_cat or dog_cat_in-a-library; for file names."""
    named = [*subjects, *([] if place is None else [place])]
    return "_".join(map(slug, named))


def video_name(prompt: str, repeat: int) -> str:
    """Name of a generated video, without suffix, such as dog_cat_0, from its prompt's name."""
    return f"{prompt}_{repeat}"
