"""A reference set of one's own: a list of videos with their digests.

A CSV file with the columns `video`, a path from the file's folder, and `sha256`, as `dreamrelation reference-list`
writes it.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.files import file_sha256

COLUMNS = ("video", "sha256")


@dataclass(frozen=True)
class Listed:
    """A video of the list."""

    path: Path
    sha256: str


def read_list(path: Path) -> list[Listed]:
    """Raises UserError where there is no such list, or it does not have the columns, or no or two equal rows."""
    if not path.is_file():
        raise UserError(f"{path}: no such file, expected a list of reference videos")
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise UserError(f"{path}: found the columns {rows.fieldnames}, expected {', '.join(COLUMNS)}")
        listed = [Listed(path.parent / row["video"], row["sha256"] or "") for row in rows]
    if not listed:
        raise UserError(f"{path}: found no video, expected at least two")
    names = [str(video.path) for video in listed]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"{path}: found {twice} twice, expected each video once")
    return listed


def checked(listed: list[Listed]) -> Iterator[Path]:
    """The paths. Raises UserError for a video that is not there, or not the one that was listed."""
    for video in listed:
        if not video.path.is_file():
            raise UserError(f"{video.path}: no such video, expected it from the list of reference videos")
        found = file_sha256(video.path)
        if found != video.sha256:
            raise UserError(
                f"{video.path}: found a file with the SHA-256 {found[:12]}…, the list says {video.sha256[:12]}…"
            )
        yield video.path
