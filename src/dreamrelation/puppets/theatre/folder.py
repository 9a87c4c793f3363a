"""The folder that the theatre replaces as a whole: it must be its own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.files import appearing

MARKER = ".puppet-theatre"
"""A file by which the theatre knows a folder that it made."""
MARKER_TEXT = "The puppet theatre made this folder, and replaces it as a whole.\n"


def check_replaceable(folder: Path) -> None:
    """Raise UserError unless a folder may be replaced: it is not there, or holds no file, or is the theatre's own.

    Empty folders in it count for nothing: a workflow makes the folders of outputs before it runs what writes them.
    """
    real = Path(os.path.realpath(folder))
    if Path.cwd().is_relative_to(real):
        raise UserError(f"puppets.folder: found {_named(folder)}, in which the program runs; it is replaced as a whole")
    if not os.path.lexists(real) or (real / MARKER).is_file():
        return
    if not real.is_dir():
        raise UserError(f"puppets.folder: found the file {_named(folder)}, expected a folder or nothing")
    content = _some_content(real)
    if content is not None:
        raise UserError(
            f"puppets.folder: found {_named(folder)} with {content.relative_to(real)} and without {MARKER}, expected a"
            " folder that the theatre made, or one that is new or empty; it is replaced as a whole"
        )


@contextmanager
def own_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write to; it takes the place of `folder`, as the theatre's own, when the block ends well.

    Where `folder` is a symbolic link, what it points to is replaced. Raises UserError, before anything is done, where
    `check_replaceable` does.
    """
    check_replaceable(folder)
    with appearing(folder) as beside:
        beside.mkdir()
        yield beside
        (beside / MARKER).write_text(MARKER_TEXT, encoding="utf-8")
        check_replaceable(folder)  # again: somebody may have put something there meanwhile


def _named(folder: Path) -> str:
    """As it was written, and where it leads, if that is elsewhere."""
    real = os.path.realpath(folder)
    return str(folder) if str(folder) == real else f"{folder} ({real})"


def _some_content(folder: Path) -> Path | None:
    """A file or a link in a folder, or in one below."""
    for place, folders, names in os.walk(folder):
        for name in sorted([*names, *folders]):
            path = Path(place, name)
            if not path.is_dir() or path.is_symlink():
                return path
    return None
