"""The database of a study that people take part in: raters, what they were shown, and their votes.

SQLite in WAL mode, so that reading never waits for writing; `synchronous=FULL`, so that a vote for which the browser
was thanked outlives a power cut. Votes are only ever added: the database itself refuses to change one, and to delete
one but where a rater asked to be forgotten.
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dreamrelation.errors import UserError

SCHEMA = """
CREATE TABLE study (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE raters (
    rater INTEGER PRIMARY KEY,
    token_sha256 TEXT NOT NULL UNIQUE,
    invited REAL NOT NULL,
    consented REAL,
    finished REAL,
    forgotten REAL
) STRICT;
CREATE TABLE showings (
    showing TEXT PRIMARY KEY,
    rater INTEGER NOT NULL REFERENCES raters,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    group_number INTEGER NOT NULL,
    places TEXT NOT NULL,
    shown REAL NOT NULL,
    leased_until REAL NOT NULL,
    answered REAL,
    withdrawn REAL
) STRICT;
CREATE UNIQUE INDEX one_showing ON showings (rater, number) WHERE withdrawn IS NULL;
CREATE INDEX showings_of_groups ON showings (group_number) WHERE withdrawn IS NULL;
CREATE TABLE votes (
    vote INTEGER PRIMARY KEY AUTOINCREMENT,
    showing TEXT NOT NULL REFERENCES showings,
    question TEXT NOT NULL,
    chosen TEXT NOT NULL,
    given REAL NOT NULL,
    UNIQUE (showing, question)
) STRICT;
CREATE TRIGGER votes_stay BEFORE UPDATE ON votes BEGIN SELECT RAISE(ABORT, 'votes are never changed'); END;
CREATE TRIGGER votes_are_kept BEFORE DELETE ON votes WHEN (
    SELECT forgotten FROM raters JOIN showings USING (rater) WHERE showings.showing = OLD.showing
) IS NULL BEGIN SELECT RAISE(ABORT, 'votes are never deleted, unless their rater asks for it'); END;
"""
BUSY_SECONDS = 20.0


class StudyDatabase:
    """Opens a connection for each transaction, so that any thread and process may use it."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self.clock = path, clock

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the database."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection that alone may write; all of the block is kept, or after an exception none of it."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            yield connection
        finally:
            connection.close()

    @property
    def secret(self) -> bytes:
        """Known to the server alone."""
        return bytes.fromhex(self._value("secret"))

    def _value(self, key: str) -> str:
        with self.reading() as connection:
            return connection.execute("SELECT value FROM study WHERE key = ?", (key,)).fetchone()["value"]


def create(path: Path, groups: str) -> StudyDatabase:
    """A new, empty database for the groups with this fingerprint. Raises UserError where there is a file already."""
    if path.exists():
        raise UserError(f"{path}: there is a database already, expected none")
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"BEGIN; {SCHEMA} COMMIT;")
        facts = {"groups": groups, "secret": secrets.token_hex(32)}
        connection.executemany("INSERT INTO study VALUES (?, ?)", facts.items())
    finally:
        connection.close()
    return StudyDatabase(path)


def open_database(path: Path, groups: str, clock: Callable[[], float] = time.time) -> StudyDatabase:
    """The database of a study. Raises UserError where there is none, or it is of other groups than these."""
    if not path.is_file():
        raise UserError(f"{path}: no such database; `dreamrelation study build` makes it")
    database = StudyDatabase(path, clock)
    try:
        found = database._value("groups")
    except (sqlite3.DatabaseError, TypeError) as error:
        raise UserError(f"{path}: is no database of a study, or is broken ({error})") from None
    if found != groups:
        raise UserError(
            f"{path}: its votes are of other groups ({found}) than those beside it ({groups}); the groups were built"
            " anew, so take the votes' own groups from where they were kept"
        )
    return database


def packed(numbers: list[int] | tuple[int, ...]) -> str:
    """Numbers as a text of the database."""
    return json.dumps(list(numbers))


def unpacked(text: str) -> list[int]:
    """The numbers of such a text."""
    return json.loads(text)
