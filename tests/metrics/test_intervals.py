"""Intervals against closed forms, against all resamples there are, and at their degenerate ends."""

import itertools

import numpy as np
import pytest

from dreamrelation.metrics import intervals
from dreamrelation.metrics.intervals import bootstrap, wilson


@pytest.mark.parametrize(("successes", "trials"), [(1, 8), (4, 8), (7, 8), (3, 40)])
def test_wilson_limits_solve_the_score_equation(successes, trials):
    interval = wilson(successes, trials, 0.95)
    z = 1.959963984540054
    for limit in (interval.low, interval.high):
        # The limits are where the observed share lies exactly z standard errors away.
        assert (interval.mean - limit) ** 2 == pytest.approx(z * z * limit * (1 - limit) / trials, rel=1e-9)
    assert interval.low < interval.mean < interval.high
    assert interval.kind == "wilson"


def test_wilson_at_the_ends():
    z2 = 1.959963984540054**2
    none, all_of_them = wilson(0, 10, 0.95), wilson(10, 10, 0.95)
    assert (none.low, none.high) == (0.0, pytest.approx(z2 / (10 + z2)))
    assert (all_of_them.low, all_of_them.high) == (pytest.approx(10 / (10 + z2)), 1.0)


def test_wilson_narrows_with_trials_and_widens_with_confidence():
    width = lambda i: i.high - i.low  # noqa: E731
    assert width(wilson(30, 60, 0.95)) < width(wilson(3, 6, 0.95)) < width(wilson(3, 6, 0.99))


@pytest.mark.parametrize(("successes", "trials", "confidence"), [(1, 0, 0.9), (3, 2, 0.9), (-1, 2, 0.9), (1, 2, 1.0)])
def test_wilson_refuses(successes, trials, confidence):
    with pytest.raises(ValueError, match="expected"):
        wilson(successes, trials, confidence)


@pytest.mark.parametrize("values", [np.full(7, 0.1), np.array([0.3])])
def test_bootstrap_of_equal_values_and_of_one_is_that_value_exactly(values):
    interval = bootstrap(values, 0.95, 200, seed=0, metric="motion")
    assert (interval.mean, interval.low, interval.high) == (values[0],) * 3
    assert interval.kind == "bootstrap"


@pytest.mark.parametrize("confidence", [0.5, 0.9])
def test_bootstrap_agrees_with_all_resamples_there_are(confidence):
    values = np.array([0.1, 0.7, 2.0, 3.1, 5.3])
    means = np.array([np.mean(drawn) for drawn in itertools.product(values, repeat=len(values))])
    interval = bootstrap(values, confidence, 60_000, seed=0, metric="motion")
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    assert (interval.low, interval.high) == (pytest.approx(low, abs=0.05), pytest.approx(high, abs=0.05))


def test_the_portions_of_resamples_change_nothing(monkeypatch):
    values = np.random.default_rng(3).normal(size=30)
    whole = bootstrap(values, 0.95, 500, seed=0, metric="motion")
    monkeypatch.setattr(intervals, "RESAMPLES_AT_ONCE", 7)
    assert bootstrap(values, 0.95, 500, seed=0, metric="motion") == whole


def test_bootstrap_repeats_itself_and_depends_on_seed_and_metric():
    values = np.random.default_rng(3).normal(size=30)
    first = bootstrap(values, 0.95, 500, seed=0, metric="motion")
    assert bootstrap(values, 0.95, 500, seed=0, metric="motion") == first
    assert bootstrap(values, 0.95, 500, seed=1, metric="motion") != first
    assert bootstrap(values, 0.95, 500, seed=0, metric="clip_t") != first
    assert first.mean == pytest.approx(values.mean())


def test_bootstrap_agrees_with_the_normal_interval_of_many_values():
    values = np.random.default_rng(4).normal(size=2000)
    interval = bootstrap(values, 0.95, 4000, seed=0, metric="motion")
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert interval.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_bootstrap_refuses_no_values():
    with pytest.raises(ValueError, match="motion"):
        bootstrap(np.array([]), 0.95, 200, seed=0, metric="motion")
