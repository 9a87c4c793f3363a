"""Leases: every group gets its raters, no vote is lost, none counts twice."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.study.small_study import write_study

from dreamrelation.errors import UserError
from dreamrelation.study.database import StudyDatabase, open_database
from dreamrelation.study.folder import Study
from dreamrelation.study.questions import Answers
from dreamrelation.study.raters import forget, invite, rater_of
from dreamrelation.study.showings import Nothing, Showing, Showings
from dreamrelation.study.votes import read_votes

ANSWERS = Answers({"relation": (0,), "text": (1,), "quality": ()}, ())
LEASE = 60.0


@dataclass
class Clock:
    """One that tests turn."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


Open = Callable[..., tuple[Study, Showings]]


@pytest.fixture
def opened(tmp_path: Path, clock: Clock) -> Open:
    def make(groups: int = 3, **settings: int) -> tuple[Study, Showings]:
        study = write_study(tmp_path / "study", groups, frames=1, size=16, **{"checks": 0, "repeats": 0, **settings})
        database = open_database(study.votes, study.fingerprint, clock)
        return study, Showings(database, study.groups, study.settings.raters, LEASE)

    return make


def shown(found: Showing | Nothing) -> Showing:
    assert isinstance(found, Showing), found
    return found


def rate_all(study: Study, showings: Showings, rater: int) -> list[int]:
    groups = []
    while isinstance(found := showings.next(study.sequence(rater)), Showing):
        groups.append(found.group)
        showings.answer(found, ANSWERS)
    assert found is Nothing.FINISHED
    return groups


def test_every_rater_sees_every_group_once_and_in_an_own_order(opened: Open) -> None:
    study, showings = opened(groups=8, raters=3)
    orders = [rate_all(study, showings, rater) for rater in (1, 2, 3)]
    assert all(sorted(order) == list(range(1, 9)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    assert len(read_votes(showings.database)) == 3 * 8 * 3


def test_the_same_group_until_it_is_answered(opened: Open, clock: Clock) -> None:
    study, showings = opened()
    first = shown(showings.next(study.sequence(1)))
    clock.now += 10 * LEASE  # the lease is over, but nobody else wants the place
    assert shown(showings.next(study.sequence(1))) == first


def test_a_group_has_no_more_raters_than_it_wants_while_they_look_at_it(opened: Open, clock: Clock) -> None:
    study, showings = opened(groups=1, raters=1)
    invite(showings.database, 1)
    first = shown(showings.next(study.sequence(1)))
    assert showings.next(study.sequence(2)) is Nothing.WAIT
    clock.now += LEASE + 1
    second = shown(showings.next(study.sequence(2)))
    assert second.group == first.group
    # The first comes back: the place is taken, and there is nothing else.
    assert showings.next(study.sequence(1)) is Nothing.WAIT
    showings.answer(second, ANSWERS)
    assert showings.next(study.sequence(1)) is Nothing.FINISHED
    assert showings.of(1, first.showing) is None


def test_answers_that_come_late_are_kept(opened: Open, clock: Clock) -> None:
    study, showings = opened(groups=1, raters=1)
    invite(showings.database, 1)
    late = shown(showings.next(study.sequence(1)))
    clock.now += LEASE + 1
    showings.answer(shown(showings.next(study.sequence(2))), ANSWERS)
    showings.answer(late, ANSWERS)
    assert Counter(vote.rater for vote in read_votes(showings.database)) == {1: 3, 2: 3}


def test_answers_that_come_twice_count_once(opened: Open) -> None:
    study, showings = opened()
    found = shown(showings.next(study.sequence(1)))
    showings.answer(found, ANSWERS)
    showings.answer(found, Answers({"relation": (2,), "text": (2,), "quality": (2,)}, ()))
    votes = read_votes(showings.database)
    assert [vote.chosen for vote in votes] == [(0,), (1,), ()]
    assert shown(showings.next(study.sequence(1))).group != found.group


def test_incomplete_answers_are_not_kept(opened: Open) -> None:
    study, showings = opened()
    found = shown(showings.next(study.sequence(1)))
    with pytest.raises(ValueError, match="quality"):
        showings.answer(found, Answers({"relation": (0,), "text": (0,)}, ("quality",)))
    assert read_votes(showings.database) == []


def test_where_raters_see_a_part_the_groups_are_covered_evenly(opened: Open) -> None:
    study, showings = opened(groups=12, raters=4, groups_per_rater=3)
    invite(showings.database, 4)
    seen = Counter(group for rater in range(1, 9) for group in rate_all(study, showings, rater))
    assert set(seen.values()) == {2} and len(seen) == 12


def test_checks_and_repeats_come_in_between_and_take_nobodys_place(opened: Open) -> None:
    study, showings = opened(groups=10, raters=2, checks=2, repeats=0.2)  # pyright: ignore[reportArgumentType]
    for rater in (1, 2):
        rate_all(study, showings, rater)
    votes = [vote for vote in read_votes(showings.database) if vote.question == "relation"]
    kinds = Counter((vote.rater, vote.kind) for vote in votes)
    assert kinds == {(r, k): n for r in (1, 2) for k, n in (("main", 10), ("check", 2), ("repeat", 2))}
    for rater in (1, 2):
        main = [vote.group for vote in votes if vote.rater == rater and vote.kind == "main"]
        repeats = [vote.group for vote in votes if vote.rater == rater and vote.kind == "repeat"]
        assert sorted(main) == list(range(1, 11)) and set(repeats) < set(main) and len(set(repeats)) == 2


def test_many_at_once_share_the_groups_out(opened: Open) -> None:
    study, showings = opened(groups=6, raters=4)
    invite(showings.database, 8)  # twelve people for four places in each group

    def work(rater: int) -> int:
        done = 0
        while (found := showings.next(study.sequence(rater))) is not Nothing.FINISHED:
            if isinstance(found, Showing):
                showings.answer(found, ANSWERS)
                done += 1
        return done

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(work, range(1, 13)))
    votes = Counter((vote.group, vote.question) for vote in read_votes(showings.database))
    assert set(votes.values()) == {4} and len(votes) == 18


def test_the_database_refuses_to_change_or_delete_a_vote(opened: Open) -> None:
    study, showings = opened()
    showings.answer(shown(showings.next(study.sequence(1))), ANSWERS)
    for statement in ("UPDATE votes SET chosen = '[2]'", "DELETE FROM votes"):
        with pytest.raises(sqlite3.IntegrityError, match="votes are never"), showings.database.writing() as connection:
            connection.execute(statement)
    assert len(read_votes(showings.database)) == 3


def test_a_rater_who_asks_for_it_is_forgotten_and_the_place_is_free_again(opened: Open) -> None:
    study, showings = opened(groups=2, raters=1)
    (other,) = invite(showings.database, 1)
    rate_all(study, showings, 1)
    assert showings.next(study.sequence(2)) is Nothing.FINISHED
    assert forget(showings.database, 1) and not forget(showings.database, 1)
    assert read_votes(showings.database) == []
    assert len(rate_all(study, showings, 2)) == 2
    assert rater_of(showings.database, other.token) is not None
    (third,) = invite(showings.database, 1)
    assert third.rater == 3


def test_votes_of_other_groups_and_files_that_are_no_database_are_refused(tmp_path: Path, opened: Open) -> None:
    study, _ = opened()
    with pytest.raises(UserError, match="its votes are of other groups"):
        open_database(study.votes, "another")
    (tmp_path / "text.sqlite").write_text("hello", encoding="utf-8")
    with pytest.raises(UserError, match=r"text.sqlite: is no database of a study"):
        open_database(tmp_path / "text.sqlite", "any")
    with pytest.raises(UserError, match="study build"):
        open_database(tmp_path / "none.sqlite", "any")
    assert StudyDatabase(study.votes).secret
