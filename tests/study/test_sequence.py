"""What a rater is shown, and when."""

from collections import Counter

import pytest

from dreamrelation.study.sequence import GAP, REPEAT, Sequence


def sequence(rater: int = 1, groups: int = 180, main: int = 180, checks: int = 4, repeats: int = 9) -> Sequence:
    return Sequence(seed=0, rater=rater, groups=groups, main=main, checks=checks, repeats=repeats)


@pytest.mark.parametrize(("main", "checks", "repeats"), [(180, 4, 9), (1, 4, 1), (2, 0, 2), (5, 1, 0), (1, 0, 0)])
def test_the_kinds_are_as_many_as_asked_and_begin_with_a_group(main: int, checks: int, repeats: int) -> None:
    for rater in range(1, 30):
        kinds = sequence(rater, main=main, checks=checks, repeats=repeats).kinds()
        assert Counter(kinds) == Counter({"main": main, "check": checks, "repeat": repeats})
        assert kinds[0] == "main"
        assert REPEAT not in kinds[: (main + checks + 1) // 2]


def test_each_rater_has_an_order_and_places_of_their_own() -> None:
    one, two = sequence(1), sequence(2)
    assert sorted(one.order()) == list(range(180)) and one.order() == sequence(1).order() != two.order()
    places = [tuple(one.places(number, 4)) for number in range(200)]
    assert all(sorted(found) == [0, 1, 2, 3] for found in places)
    assert len(set(places)) == 24  # all orders of four videos are seen
    assert places != [tuple(two.places(number, 4)) for number in range(200)]


def test_every_video_stands_everywhere_about_as_often() -> None:
    counts = Counter(sequence(rater).places(number, 4).index(0) for rater in range(1, 16) for number in range(180))
    assert all(abs(count / 2700 - 1 / 4) < 0.03 for count in counts.values())


def test_checks_come_once_each_before_any_comes_twice() -> None:
    found = sequence(7, checks=6)
    shown = [found.check(number, 3) for number, kind in enumerate(found.kinds()) if kind == "check"]
    assert Counter(shown[:3]) == Counter(shown[3:]) == Counter([0, 1, 2])


def test_a_repeat_is_of_a_group_seen_some_time_ago() -> None:
    seen = list(range(100, 120))
    for number in range(50):
        assert sequence().repeated(number, seen) in seen[:-GAP]
    assert sequence().repeated(3, [4]) == 4
