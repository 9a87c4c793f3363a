"""The votes as the tally reads them: by video, and no longer by place on the page."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.study.database import StudyDatabase, unpacked


@dataclass(frozen=True)
class Vote:
    """One rater's answer to one question about one showing."""

    rater: int
    number: int
    """Of the rater's showings, counted from 0."""
    kind: str
    """MAIN, CHECK or REPEAT."""
    group: int
    question: str
    chosen: tuple[int, ...]
    """Places of the chosen videos in the group; empty: a tie, or none."""
    places: tuple[int, ...]
    """The order in which the group's videos stood on the page."""
    seconds: float
    """From showing the group to the answer."""


def read_votes(database: StudyDatabase) -> list[Vote]:
    """All votes, rater by rater in the order in which they were given."""
    with database.reading() as connection:
        rows = connection.execute(
            "SELECT rater, number, kind, group_number, question, chosen, places, given - shown AS seconds"
            " FROM votes JOIN showings USING (showing) ORDER BY rater, number, vote"
        ).fetchall()
    return [
        Vote(
            rater=row["rater"],
            number=row["number"],
            kind=row["kind"],
            group=row["group_number"],
            question=row["question"],
            chosen=tuple(unpacked(row["chosen"])),
            places=tuple(unpacked(row["places"])),
            seconds=row["seconds"],
        )
        for row in rows
    ]


def consented_raters(path: Path) -> int:
    """How many people agreed to take part. Raises UserError where the file is no database of a study."""
    try:
        with StudyDatabase(path).reading() as connection:
            return connection.execute("SELECT count(*) FROM raters WHERE consented IS NOT NULL").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise UserError(f"{path}: is no database of a study, or is broken ({error})") from None
