"""Averages over relations, the marks of the best, and curves."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dreamrelation.report.charts import AccuracyRow, accuracy_chart
from dreamrelation.report.curves import contrast_chart, roles_chart, smoothed
from dreamrelation.report.measures import NO_SCORE, Score, averaged, best, measure, ordered
from dreamrelation.report.media import tinted


def test_average_of_one_relation_is_that_relation() -> None:
    score = Score(0.25, 0.07, 0.59, 8, 1)
    found = averaged([score])
    assert_allclose([found.mean, found.low, found.high], [0.25, 0.07, 0.59])  # pyright: ignore
    assert (found.count, found.missing) == (8, 1)


@pytest.mark.parametrize("relations", [2, 5])
def test_interval_of_equal_relations_shrinks_with_their_root(relations: int) -> None:
    found = averaged([Score(0.5, 0.3, 0.8, 10, 0)] * relations)
    assert found.mean is not None and found.low is not None and found.high is not None
    assert found.mean == pytest.approx(0.5)
    assert 0.5 - found.low == pytest.approx(0.2 / math.sqrt(relations))
    assert found.high - 0.5 == pytest.approx(0.3 / math.sqrt(relations))
    assert found.count == 10 * relations


def test_interval_of_shares_stays_within_0_and_1() -> None:
    found = averaged([Score(0.0, 0.0, 0.4, 5, 0), Score(0.1, 0.01, 0.5, 5, 0)])
    assert found.low is not None and found.low >= 0


def test_unmeasured_relations_are_counted_not_guessed() -> None:
    unmeasured = Score(None, None, None, 0, 8)
    found = averaged([Score(0.5, 0.4, 0.6, 8, 0), unmeasured])
    assert (found.mean, found.count, found.missing) == (0.5, 8, 8)
    assert averaged([unmeasured]).mean is None


def test_numbers_are_written_as_the_reader_expects() -> None:
    assert measure("relation_accuracy").text(0.4452) == "44.5%"
    assert measure("clip_t").text(0.32481) == "0.325"
    assert measure("fvd").text(2079.87) == "2080"
    assert measure("motion").text(None) == "–"
    assert measure("image_quality").label == "Image quality"


def test_best_is_marked_only_where_there_is_one() -> None:
    assert best("relation_accuracy", {"a": 0.2, "b": 0.5, "c": None}) == {"b"}
    assert best("fvd", {"a": 2000.0, "b": 2100.0}) == {"a"}
    assert best("motion", {"a": 0.2, "b": 0.5}) == set()
    assert best("relation_accuracy", {"a": 0.50001, "b": 0.5}) == set(), "equal as written"
    assert best("relation_accuracy", {"a": 0.5}) == set()


def test_known_measures_come_first() -> None:
    assert ordered({"zeta", "clip_t", "alpha", "relation_accuracy"}) == ["relation_accuracy", "clip_t", "alpha", "zeta"]


def test_smoothing_keeps_constants_and_length() -> None:
    assert_allclose(smoothed(np.full(73, 2.5)), 2.5)
    assert_allclose(smoothed(np.array([3.0])), [3.0])
    line = np.arange(100.0)
    assert_allclose(smoothed(line)[5:-5], line[5:-5])


def test_curves_that_do_not_exist_are_not_drawn() -> None:
    training = {"step": [0, 1], "role": ["relation"] * 2, "reconstruction": [1.0, 2.0], "contrastive": [None, None]}
    assert contrast_chart(training, "contrast") is None
    assert roles_chart(training, "roles") is None


def test_chart_says_what_it_shows_and_draws_the_unmeasured_as_such() -> None:
    chart = accuracy_chart([AccuracyRow('A <b>"x"</b>', NO_SCORE, [NO_SCORE])], 'accuracy of "A" & <b>')
    assert 'aria-label="accuracy of &#34;A&#34; &amp; &lt;b&gt;"' in chart
    assert "not measured" in chart
    assert "<b>" not in chart


def test_tint_touches_only_the_masks() -> None:
    frames = np.full((1, 6, 8, 3), 100, np.uint8)
    masks = np.zeros((1, 2, 6, 8), bool)
    masks[0, 0, 1:4, 1:4] = True
    drawn = tinted(frames, masks)
    changed = (drawn != frames).any(axis=-1)[0]
    np.testing.assert_array_equal(changed, masks[0, 0])
