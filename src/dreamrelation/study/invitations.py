"""The list of invitations: one token for each rater, for those who run the study and nobody else."""

import csv
import os
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.files import appearing
from dreamrelation.study.database import StudyDatabase
from dreamrelation.study.folder import INVITATIONS_FILE, VOTES_FILE
from dreamrelation.study.raters import Invitation, invite

COLUMNS = ("rater", "token")
OWNER_ONLY = 0o600


def add_invitations(folder: Path, count: int) -> list[Invitation]:
    """Invite so many more raters, and add them to the list in the study's folder, which only its owner can read."""
    path = folder / INVITATIONS_FILE
    before = read_invitations(path) if path.is_file() else []
    added = invite(StudyDatabase(folder / VOTES_FILE), count)
    with appearing(path) as beside, open(beside, "w", encoding="utf-8", opener=_private) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((one.rater, one.token) for one in (*before, *added))
    return added


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, OWNER_ONLY)


def read_invitations(path: Path) -> list[Invitation]:
    """Raises UserError where the file is missing or no such list."""
    if not path.is_file():
        raise UserError(f"{path}: no such list of invitations; `dreamrelation study build` writes it")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if not rows or tuple(rows[0]) != COLUMNS or any(len(row) != 2 or not row[0].isdecimal() for row in rows[1:]):
        raise UserError(f"{path}: found something else, expected a list of invitations with the columns {COLUMNS}")
    return [Invitation(int(rater), token) for rater, token in rows[1:]]
