"""What a rater is shown next, and what becomes of the answers.

A showing holds a lease on its group, so that each group gets its raters, and no more while one of them is still
looking at it; a lease that runs out gives the place to others. Answers that come late are kept all the same.
"""

import secrets
import sqlite3
from dataclasses import dataclass
from enum import Enum

from dreamrelation.study.database import StudyDatabase, packed, unpacked
from dreamrelation.study.groups import CHECK, MAIN, Group
from dreamrelation.study.questions import Answers
from dreamrelation.study.sequence import REPEAT, Sequence


class Nothing(Enum):
    """Why there is nothing to show."""

    FINISHED = "the rater has seen everything"
    WAIT = "others are looking at the groups that are left"


@dataclass(frozen=True)
class Showing:
    """One group as one rater sees it."""

    showing: str
    """A name that nobody can guess."""
    number: int
    """Of the rater's showings, counted from 0."""
    group: int
    places: list[int]
    """The videos' places in the group, in the order on the page."""
    answered: bool


class Showings:
    """All showings of a study."""

    def __init__(
        self, database: StudyDatabase, groups: list[Group], ratings_per_group: int, lease_seconds: float
    ) -> None:
        self.database, self.groups = database, {group.group: group for group in groups}
        self.main = [group.group for group in groups if group.kind == MAIN]
        self.checks = [group.group for group in groups if group.kind == CHECK]
        self.ratings_per_group, self.lease_seconds = ratings_per_group, lease_seconds

    def next(self, sequence: Sequence) -> Showing | Nothing:
        """The showing that the rater has not answered yet, the same as long as its lease runs, or else a new one."""
        with self.database.writing() as connection:
            now, rater = self.database.clock(), sequence.rater
            open_one = _open_showing(connection, rater)
            if open_one is not None:
                showing = _showing(open_one)
                if open_one["leased_until"] >= now or not self._is_taken(connection, showing, open_one["kind"], now):
                    connection.execute(
                        "UPDATE showings SET leased_until = ? WHERE showing = ?",
                        (now + self.lease_seconds, showing.showing),
                    )
                    return showing
                connection.execute("UPDATE showings SET withdrawn = ? WHERE showing = ?", (now, showing.showing))
            return self._new(connection, sequence, now)

    def of(self, rater: int, name: str) -> Showing | None:
        """A rater's own showing by its name; None for another's, or one that was withdrawn unanswered."""
        with self.database.reading() as connection:
            row = connection.execute(
                "SELECT * FROM showings WHERE showing = ? AND rater = ? AND withdrawn IS NULL", (name, rater)
            ).fetchone()
        return None if row is None else _showing(row)

    def answer(self, showing: Showing, answers: Answers) -> None:
        """Keep complete answers; those to a showing that was answered before change nothing."""
        if answers.missing:
            raise ValueError(f"answers to {answers.missing} are missing")
        with self.database.writing() as connection:
            now = self.database.clock()
            cursor = connection.execute(
                "UPDATE showings SET answered = ? WHERE showing = ? AND answered IS NULL AND withdrawn IS NULL",
                (now, showing.showing),
            )
            if not cursor.rowcount:
                return
            connection.executemany(
                "INSERT INTO votes (showing, question, chosen, given) VALUES (?, ?, ?, ?)",
                [(showing.showing, name, packed(chosen), now) for name, chosen in answers.chosen.items()],
            )

    def answered_count(self, rater: int) -> int:
        """How many showings a rater has answered."""
        with self.database.reading() as connection:
            return _answered_count(connection, rater)

    def _new(self, connection: sqlite3.Connection, sequence: Sequence, now: float) -> Showing | Nothing:
        number = _answered_count(connection, sequence.rater)
        kinds = sequence.kinds()
        if number >= len(kinds):
            return self._finished(connection, sequence.rater, now)
        kind = kinds[number]
        group = self._group(connection, sequence, number, kind, now)
        if group is Nothing.FINISHED:
            return self._finished(connection, sequence.rater, now)
        if isinstance(group, Nothing):
            return group
        places = sequence.places(number, len(self.groups[group].videos))
        showing = Showing(secrets.token_urlsafe(16), number, group, places, answered=False)
        connection.execute(
            "INSERT INTO showings (showing, rater, number, kind, group_number, places, shown, leased_until)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (showing.showing, sequence.rater, number, kind, group, packed(places), now, now + self.lease_seconds),
        )
        return showing

    def _group(
        self, connection: sqlite3.Connection, sequence: Sequence, number: int, kind: str, now: float
    ) -> int | Nothing:
        if kind == CHECK:
            return self.checks[sequence.check(number, len(self.checks))]
        seen, repeated = (_groups_seen(connection, sequence.rater, of) for of in (MAIN, REPEAT))
        if kind == REPEAT:
            return sequence.repeated(number, [group for group in seen if group not in repeated] or seen)
        return self._main_group(connection, sequence, set(seen), now)

    def _main_group(
        self, connection: sqlite3.Connection, sequence: Sequence, seen: set[int], now: float
    ) -> int | Nothing:
        """The first in the rater's order that wants raters; where raters see a part, one that has fewest."""
        taken = _taken(connection, sequence.rater, now)
        free = [
            (answered + leased if sequence.main < sequence.groups else 0, place, group)
            for place, group in enumerate(self.main[at] for at in sequence.order())
            if group not in seen
            for answered, leased in (taken.get(group, (0, 0)),)
            if answered + leased < self.ratings_per_group
        ]
        if free:
            return min(free)[2]
        waiting = any(taken.get(group, (0, 0))[0] < self.ratings_per_group for group in self.main if group not in seen)
        return Nothing.WAIT if waiting else Nothing.FINISHED

    def _is_taken(self, connection: sqlite3.Connection, showing: Showing, kind: str, now: float) -> bool:
        """Whether others took the place in the group meanwhile."""
        if kind != MAIN:
            return False
        rater = connection.execute("SELECT rater FROM showings WHERE showing = ?", (showing.showing,)).fetchone()[0]
        answered, leased = _taken(connection, rater, now).get(showing.group, (0, 0))
        return answered + leased >= self.ratings_per_group

    @staticmethod
    def _finished(connection: sqlite3.Connection, rater: int, now: float) -> Nothing:
        connection.execute("UPDATE raters SET finished = coalesce(finished, ?) WHERE rater = ?", (now, rater))
        return Nothing.FINISHED


def _open_showing(connection: sqlite3.Connection, rater: int) -> sqlite3.Row | None:
    return connection.execute(
        "SELECT * FROM showings WHERE rater = ? AND answered IS NULL AND withdrawn IS NULL", (rater,)
    ).fetchone()


def _showing(row: sqlite3.Row) -> Showing:
    places = unpacked(row["places"])
    return Showing(row["showing"], row["number"], row["group_number"], places, row["answered"] is not None)


def _answered_count(connection: sqlite3.Connection, rater: int) -> int:
    return connection.execute(
        "SELECT count(*) FROM showings WHERE rater = ? AND answered IS NOT NULL", (rater,)
    ).fetchone()[0]


def _groups_seen(connection: sqlite3.Connection, rater: int, kind: str) -> list[int]:
    rows = connection.execute(
        "SELECT group_number FROM showings WHERE rater = ? AND kind = ? AND answered IS NOT NULL ORDER BY number",
        (rater, kind),
    )
    return [row["group_number"] for row in rows]


def _taken(connection: sqlite3.Connection, rater: int, now: float) -> dict[int, tuple[int, int]]:
    """Group → how many other raters have rated it, and how many are looking at it."""
    rows = connection.execute(
        "SELECT group_number, count(answered) AS done, count(*) - count(answered) AS leased FROM showings"
        " WHERE kind = ? AND rater != ? AND withdrawn IS NULL AND (answered IS NOT NULL OR leased_until >= ?)"
        " GROUP BY group_number",
        (MAIN, rater, now),
    )
    return {row["group_number"]: (row["done"], row["leased"]) for row in rows}
