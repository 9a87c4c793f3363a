"""Intervals against closed forms and at their degenerate ends."""

import numpy as np
import pytest

from dreamrelation.evaluation.intervals import bootstrap, wilson


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


def test_bootstrap_of_equal_values_is_their_mean():
    interval = bootstrap(np.full(7, 0.1), 0.95, 200, seed=0, metric="motion")
    assert (interval.mean, interval.low, interval.high) == (0.1, 0.1, 0.1)


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
