"""Rogan and Gladen's correction: what is known of it in closed form, and what it refuses."""

import numpy as np
import pytest

from dreamrelation.metrics.corrected import Corrected, corrected


def of_share(yes: int, count: int) -> np.ndarray:
    return np.array([1.0] * yes + [0.0] * (count - yes))


def estimate(q: np.ndarray, s: np.ndarray, u: np.ndarray) -> Corrected:
    return corrected(q, s, u, 0.95, 20_000, [7])


def test_a_judge_without_error_changes_nothing() -> None:
    found = estimate(of_share(30, 100), of_share(500, 500), of_share(0, 500))
    assert found.mean == pytest.approx(0.3)
    assert found.low is not None and found.high is not None
    # Jeffreys' interval of 30 in 100 is 0.217 to 0.395
    assert found.low == pytest.approx(0.217, abs=0.01) and found.high == pytest.approx(0.395, abs=0.01)


def test_the_textbook_case() -> None:
    """(0.5 − 0.2)/(0.9 − 0.2)."""
    found = estimate(of_share(50, 100), of_share(90, 100), of_share(20, 100))
    assert found.mean == pytest.approx(3 / 7)


@pytest.mark.parametrize(("yes", "expected"), [(10, 0.0), (95, 1.0)])
def test_it_stays_a_share(yes: int, expected: float) -> None:
    found = estimate(of_share(yes, 100), of_share(90, 100), of_share(20, 100))
    assert found.mean == expected
    assert found.low is not None and found.high is not None
    assert 0 <= found.low <= expected <= found.high <= 1


def test_few_controls_widen_the_interval() -> None:
    few = estimate(of_share(50, 100), of_share(10, 10), of_share(0, 10))
    many = estimate(of_share(50, 100), of_share(1000, 1000), of_share(0, 1000))
    assert few.low is not None and few.high is not None and many.low is not None and many.high is not None
    assert few.high - few.low > 1.2 * (many.high - many.low)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    p, s, u, held = 0.4, 0.85, 0.25, 0
    for _ in range(200):
        q = p * s + (1 - p) * u
        videos, positive, negative = ((rng.random(n) < p).astype(float) for n, p in ((80, q), (40, s), (40, u)))
        found = corrected(videos, positive, negative, 0.9, 1000, [1])
        held += found.low is not None and found.high is not None and found.low <= p <= found.high
    assert 170 <= held <= 195


def test_a_judge_that_says_yes_to_everything_tells_nothing() -> None:
    found = estimate(of_share(90, 100), of_share(28, 30), of_share(26, 30))
    assert (found.mean, found.low, found.high) == (None, None, None)
    assert "yes to 93% of 30 real clips that show the relation and to 87% of 30 others" in found.reason


def test_shares_of_passes_count_as_they_are() -> None:
    found = estimate(np.array([0.5, 0.7, 0.3]), np.full(40, 0.9), np.full(40, 0.1))
    assert found.mean == pytest.approx((0.5 - 0.1) / 0.8)


@pytest.mark.parametrize("values", [np.array([]), np.array([1.5]), np.array([-0.1])])
def test_what_is_no_share_is_refused(values: np.ndarray) -> None:
    with pytest.raises(ValueError, match="positive clips"):
        corrected(of_share(1, 2), values, of_share(0, 2), 0.95, 100, [0])
