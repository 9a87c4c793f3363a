"""Files of the stages before the report."""

from pathlib import Path

from dreamrelation.errors import UserError


def existing(path: Path) -> Path:
    """The path. Raises UserError where no file is there."""
    if not path.is_file():
        raise UserError(f"{path}: no such file, expected it from an earlier stage")
    return path
