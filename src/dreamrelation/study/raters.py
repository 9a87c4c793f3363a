"""Raters and their tokens, of which the database knows the hash alone."""

import hashlib
import secrets
from dataclasses import dataclass

from dreamrelation.study.database import StudyDatabase


@dataclass(frozen=True)
class Rater:
    """Who takes part; nothing about a person is kept."""

    rater: int
    """Counted from 1."""
    consented: bool
    finished: bool


@dataclass(frozen=True)
class Invitation:
    """Whoever has the token is this rater."""

    rater: int
    token: str


def invite(database: StudyDatabase, count: int) -> list[Invitation]:
    """So many new raters."""
    invitations = []
    with database.writing() as connection:
        for _ in range(count):
            token = secrets.token_urlsafe(24)
            cursor = connection.execute(
                "INSERT INTO raters (token_sha256, invited) VALUES (?, ?)", (digest(token), database.clock())
            )
            invitations.append(Invitation(int(cursor.lastrowid or 0), token))
    return invitations


def rater_of(database: StudyDatabase, token: str) -> Rater | None:
    """None for a token that nobody was given, or whose rater was forgotten."""
    with database.reading() as connection:
        row = connection.execute(
            "SELECT rater, consented, finished FROM raters WHERE token_sha256 = ? AND forgotten IS NULL",
            (digest(token),),
        ).fetchone()
    return None if row is None else Rater(row["rater"], row["consented"] is not None, row["finished"] is not None)


def consent(database: StudyDatabase, rater: int) -> None:
    """Keep that the rater agreed, and when; a second time changes nothing."""
    with database.writing() as connection:
        connection.execute(
            "UPDATE raters SET consented = coalesce(consented, ?) WHERE rater = ?", (database.clock(), rater)
        )


def forget(database: StudyDatabase, rater: int) -> bool:
    """Delete all that is kept of a rater, whose token opens nothing any more; False where there is no such rater.

    What stays is that there was one, so that the number is not given to somebody else.
    """
    with database.writing() as connection:
        found = connection.execute("SELECT 1 FROM raters WHERE rater = ? AND forgotten IS NULL", (rater,)).fetchone()
        if found is None:
            return False
        connection.execute("UPDATE raters SET forgotten = ? WHERE rater = ?", (database.clock(), rater))
        connection.execute(
            "DELETE FROM votes WHERE showing IN (SELECT showing FROM showings WHERE rater = ?)", (rater,)
        )
        connection.execute("DELETE FROM showings WHERE rater = ?", (rater,))
        connection.execute(
            "UPDATE raters SET token_sha256 = ?, consented = NULL, finished = NULL, invited = 0 WHERE rater = ?",
            (f"forgotten {rater}", rater),
        )
    # A deleted row may stand in the file until the pages are written anew.
    with database._connection() as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("VACUUM")
    return True


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
