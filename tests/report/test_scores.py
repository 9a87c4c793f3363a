"""Averages over relations, the marks of the best, and how numbers are written."""

import math

import pytest
from numpy.testing import assert_allclose

from dreamrelation.report.overall_scores import lead
from dreamrelation.report.scores import MeanScore, Metric, averaged, best

SHARE = Metric("Seen", "how often", "%", "higher", 0.0, 1.0, is_share=True)
DISTANCE = Metric("Distance", better="lower")
MOTION = Metric("Motion", unit="pixels per frame")


def test_average_of_one_relation_is_that_relation() -> None:
    score = MeanScore(0.25, 0.07, 0.59, 8, 1)
    found = averaged([score])
    assert_allclose([found.mean, found.low, found.high], [0.25, 0.07, 0.59])  # pyright: ignore
    assert (found.count, found.missing) == (8, 1)


@pytest.mark.parametrize("relations", [2, 5])
def test_interval_of_equal_relations_shrinks_with_their_root(relations: int) -> None:
    found = averaged([MeanScore(0.5, 0.3, 0.8, 10, 0)] * relations)
    assert found.mean is not None and found.low is not None and found.high is not None
    assert found.mean == pytest.approx(0.5)
    assert 0.5 - found.low == pytest.approx(0.2 / math.sqrt(relations))
    assert found.high - 0.5 == pytest.approx(0.3 / math.sqrt(relations))
    assert found.count == 10 * relations


def test_interval_of_shares_stays_within_0_and_1() -> None:
    found = averaged([MeanScore(0.0, 0.0, 0.4, 5, 0), MeanScore(0.1, 0.01, 0.5, 5, 0)])
    assert found.low is not None and found.low >= 0


def test_unmeasured_relations_are_counted_not_guessed() -> None:
    unmeasured = MeanScore(None, None, None, 0, 8)
    found = averaged([MeanScore(0.5, 0.4, 0.6, 8, 0), unmeasured])
    assert (found.mean, found.count, found.missing) == (0.5, 8, 8)
    assert averaged([unmeasured]).mean is None


def test_a_mean_of_which_a_part_has_no_interval_has_none() -> None:
    found = averaged([MeanScore(100.0, 90.0, 120.0, 8, 0), MeanScore(200.0, None, None, 8, 0)])
    assert found == MeanScore(150.0, None, None, 16, 0)


def test_numbers_are_written_as_the_reader_expects() -> None:
    assert SHARE.text(0.4452) == "44.5%"
    assert MOTION.text(0.32481) == "0.325"
    assert DISTANCE.text(2079.87) == "2080"
    assert MOTION.text(None) == "–"


def test_the_head_of_a_column_says_what_its_numbers_do_not() -> None:
    assert (SHARE.shown_unit, MOTION.shown_unit) == ("", "pixels per frame")
    assert (SHARE.hint, DISTANCE.hint, MOTION.hint) == ("how often; higher is better", "lower is better", "")


def test_best_is_marked_only_where_there_is_one() -> None:
    assert best(SHARE, {"a": 0.2, "b": 0.5, "c": None}) == {"b"}
    assert best(DISTANCE, {"a": 2000.0, "b": 2100.0}) == {"a"}
    assert best(MOTION, {"a": 0.2, "b": 0.5}) == set()
    assert best(SHARE, {"a": 0.50001, "b": 0.5}) == set(), "equal as written"
    assert best(SHARE, {"a": 0.5}) == set()


@pytest.mark.parametrize(
    ("metric", "told"),
    [
        (SHARE, "Seen (how often), the best 3 of 5 methods: E 50.0%, D 40.0%, C 30.0%."),
        (DISTANCE, "Distance, the best 3 of 5 methods: A 0.100, B 0.200, C 0.300."),
        (MOTION, "Motion: A 0.100, B 0.200, C 0.300, D 0.400, E 0.500."),
    ],
)
def test_the_lead_names_the_best_of_many_methods(metric: Metric, told: str) -> None:
    scores = {name: {"it": MeanScore(mean / 10, None, None, 1, 0)} for mean, name in enumerate("abcde", 1)}
    assert lead(scores | {"f": {}}, "it", metric) == told
    few = lead({name: scores[name] for name in "abcd"}, "it", SHARE)
    assert few == "Seen (how often): A 10.0%, B 20.0%, C 30.0%, D 40.0%."
