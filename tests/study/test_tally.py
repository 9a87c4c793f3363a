"""Votes with a known answer."""

import numpy as np
import pytest
from scipy.optimize import minimize

from dreamrelation.study.groups import CHECK, MAIN
from dreamrelation.study.questions import RELATION
from dreamrelation.study.sequence import REPEAT
from dreamrelation.study.tally.agreement import agreement
from dreamrelation.study.tally.ballots import Ballots, ballots_of, resampled
from dreamrelation.study.tally.metrics import MetricValues, judge_calibration, metric_agreement
from dreamrelation.study.tally.positions import positions
from dreamrelation.study.tally.shares import estimate, majorities, vote_shares
from dreamrelation.study.tally.strengths import BEFOREHAND, fit, pair_wins, strengths
from dreamrelation.study.votes import Vote

FLEISS = np.array(
    [
        *([0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1]),
        *([7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]),
    ]
)
"""A published example of 10 subjects, 14 raters and 5 answers, whose κ is 0.210."""


def ballots(*counts: list[int]) -> Ballots:
    """Of groups 1, 2, …; the last number of each are ties."""
    return Ballots(tuple(range(1, len(counts) + 1)), np.array(counts))


def vote(
    rater: int,
    group: int,
    chosen: tuple[int, ...],
    kind: str = MAIN,
    question: str = "relation",
    places: tuple[int, ...] = (0, 1, 2),
    number: int = 0,
) -> Vote:
    return Vote(rater, number, kind, group, question, chosen, places, 5.0)


def test_votes_are_counted_group_by_group_and_nothing_else_is() -> None:
    found = ballots_of(
        [
            *(vote(1, 4, (0,)), vote(2, 4, (0,)), vote(3, 4, ()), vote(1, 9, (2,))),
            *(vote(1, 4, (1,), kind=REPEAT), vote(1, 7, (1,), kind=CHECK), vote(1, 4, (1,), question="text")),
        ],
        "relation",
        3,
    )
    assert found.groups == (4, 9)
    np.testing.assert_array_equal(found.counts, [[2, 0, 0, 1], [0, 0, 1, 0]])


def test_shares_add_up_and_ties_are_split() -> None:
    found = vote_shares(ballots([2, 1, 0, 0], [0, 0, 0, 3], [0, 1, 1, 2]))
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_allclose(found, [[2 / 3, 1 / 3, 0], [1 / 3] * 3, [1 / 6, 5 / 12, 5 / 12]])


def test_a_majority_has_more_votes_than_any_other_answer() -> None:
    found = majorities(ballots([2, 1, 0, 0], [2, 2, 0, 0], [1, 0, 0, 2], [0, 0, 3, 2]))
    np.testing.assert_array_equal(found, [[1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1]])


def test_groups_count_the_same_and_are_what_is_resampled() -> None:
    values = np.array([1.0, 1.0, 0.0, 0.5])
    draws = resampled(4, 20_000, seed=0)
    found = estimate(values, draws, 0.9)
    assert found.value == values.mean()
    # The mean of four draws out of four values: its exact distribution, by all 4⁴ of them.
    means = np.sort(values[np.stack(np.meshgrid(*[range(4)] * 4), axis=-1).reshape(-1, 4)].mean(axis=1))
    assert found.low == pytest.approx(means[int(0.05 * 256)], abs=0.126)
    assert found.high == pytest.approx(means[int(0.95 * 256)], abs=0.126)
    np.testing.assert_array_equal(draws, resampled(4, 20_000, seed=0))


def test_fleiss_kappa_is_the_published_one() -> None:
    found = agreement(Ballots(tuple(range(1, 11)), FLEISS))
    assert found.fleiss_kappa == pytest.approx(0.210, abs=5e-4) and found.fleiss_groups == 10


def test_krippendorffs_alpha_by_its_definition() -> None:
    """α = 1 - observed / expected disagreement, over pairable answers; groups may have any number of raters."""
    table = np.array([[3, 0, 0, 1], [0, 2, 0, 0], [1, 1, 1, 0], [0, 0, 0, 4], [1, 0, 0, 0]])
    pairable = table[table.sum(axis=1) > 1]
    n, per_group = pairable.sum(), pairable.sum(axis=1)
    observed = sum((m * m - (row * row).sum()) / (m - 1) for row, m in zip(pairable, per_group, strict=True)) / n
    totals = pairable.sum(axis=0)
    expected = (n * n - (totals * totals).sum()) / (n * (n - 1))
    found = agreement(Ballots(tuple(range(1, 6)), table))
    assert found.krippendorff_alpha == pytest.approx(1 - observed / expected)


def test_perfect_agreement_is_one_and_what_is_not_defined_says_why() -> None:
    table = np.array([[3, 0, 0], [0, 3, 0], [0, 3, 0]])
    found = agreement(Ballots((1, 2, 3), table))
    assert found.fleiss_kappa == pytest.approx(1) and found.krippendorff_alpha == pytest.approx(1)
    table = np.array([[3, 0, 0], [3, 0, 0]])
    found = agreement(Ballots((1, 2), table))
    assert found.fleiss_kappa is None and "same answer everywhere" in found.fleiss_reason
    assert found.krippendorff_alpha is None and "same answer everywhere" in found.krippendorff_reason
    table = np.array([[1, 0, 0], [0, 1, 0]])
    found = agreement(Ballots((1, 2), table))
    assert found.fleiss_kappa is None and found.krippendorff_alpha is None
    table = np.array([[2, 0, 0], [2, 0, 0], [0, 1, 0]])
    found = agreement(Ballots((1, 2, 3), table))
    assert found.krippendorff_alpha is None and "same answer everywhere" in found.krippendorff_reason


@pytest.mark.parametrize(
    ("observers", "alpha"),
    [
        (["0100000010", "1110010000"], 0.095),
        (["aabbdcccedda", "babbbccceddd"], 0.692),
        (["123321412...", "1233224125.3", ".3332342251.", "12332441251."], 0.743),
        ([".....34121133.3", "1.213343.......", "..21344.21133.4"], 0.691),
    ],
    ids=["A: two answers", "B: any answers", "C: answers missing", "three coders, most answers missing"],
)
def test_alpha_is_that_of_published_examples(observers: list[str], alpha: float) -> None:
    """One letter for each unit, a full stop for a missing answer.

    The first three are sections A to C of K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), the last
    is the computational example of Wikipedia's article on the coefficient.
    """
    answers = sorted({letter for one in observers for letter in one} - {"."})
    counts = np.array([[unit.count(answer) for answer in answers] for unit in zip(*observers, strict=True)])
    found = agreement(Ballots(tuple(range(len(counts))), counts))
    assert found.krippendorff_alpha == pytest.approx(alpha, abs=5e-4)


def test_pairs_won_by_a_choice_and_shared_by_a_tie() -> None:
    np.testing.assert_array_equal(pair_wins(np.array([[2, 1, 0, 2]])), [[[0, 3, 3], [2, 0, 2], [1, 1, 0]]])


def test_strengths_of_two_methods_are_their_log_odds() -> None:
    found = fit(np.array([[0.0, 30.0], [10.0, 0.0]]))
    assert found.sum() == pytest.approx(0, abs=1e-12)
    assert found[0] - found[1] == pytest.approx(np.log((30 + BEFOREHAND) / (10 + BEFOREHAND)), abs=1e-6)


def test_strengths_are_the_most_likely_ones() -> None:
    wins = np.random.default_rng(0).integers(0, 20, (4, 4)).astype(float)
    np.fill_diagonal(wins, 0)

    def unlikelihood(strength: np.ndarray) -> float:
        differences = strength[:, None] - strength[None]
        return float((np.where(np.eye(4), 0, wins + BEFOREHAND) * np.log1p(np.exp(-differences))).sum())

    best = minimize(unlikelihood, np.zeros(4), tol=1e-12).x
    np.testing.assert_allclose(fit(wins), best - best.mean(), atol=1e-4)


def test_a_method_that_always_wins_has_a_finite_strength_above_the_others() -> None:
    found = ballots(*[[5, 0, 0, 0]] * 10)
    results = strengths(found, resampled(10, 200, 0), 0.95)
    assert all(np.isfinite([one.low, one.value, one.high]).all() for one in results)
    assert results[0].low > results[1].high and results[1].value == pytest.approx(results[2].value)


def test_a_place_that_is_preferred_is_noticed() -> None:
    orders = [(0, 1, 2), (1, 2, 0), (2, 0, 1)]
    first = [vote(1, g, (orders[g % 3][0],), places=orders[g % 3]) for g in range(30)]
    found = positions(first, "relation", 3)
    assert found.counts == (30, 0, 0) and found.p_value is not None and found.p_value < 1e-6
    fair = [vote(1, g, (0,), places=orders[g % 3]) for g in range(30)]
    assert positions(fair, "relation", 3).counts == (10, 10, 10)
    assert positions([vote(1, 1, ())], "relation", 3).p_value is None


def metric(values: dict[tuple[int, int], float], higher: bool | None = True, is_share: bool = False) -> MetricValues:
    return MetricValues("it", "It", higher, is_share, values)


def test_a_metric_that_orders_as_people_do_agrees_and_its_opposite_does_not() -> None:
    found = ballots([3, 1, 0, 0], [0, 2, 2, 0], [0, 0, 0, 4])
    alike = {(group, place): float(found.counts[group - 1, place]) for group in (1, 2, 3) for place in range(3)}
    assert agreement_of(metric(alike), found) == 1
    assert agreement_of(metric(alike, higher=False), found) == 0
    assert agreement_of(metric(dict.fromkeys(alike, 0.7)), found) == 0.5
    result = metric_agreement(metric(alike), RELATION, found, 100, 0, 0.95)
    assert result is not None and result.groups == 2  # in the third nobody preferred anything
    assert metric_agreement(metric(alike, higher=None), RELATION, found, 100, 0, 0.95) is None


def test_a_video_without_a_value_makes_no_pair() -> None:
    found = ballots([3, 1, 0, 0])
    assert agreement_of(metric({(1, 0): 1.0, (1, 1): 2.0}), found) == 0
    assert metric_agreement(metric({(1, 0): 1.0}), RELATION, found, 100, 0, 0.95) is None


def agreement_of(values: MetricValues, found: Ballots) -> float:
    result = metric_agreement(values, RELATION, found, 100, 0, 0.95)
    assert result is not None
    return result.agreement.value


def test_a_judge_beside_what_most_raters_say() -> None:
    said = {  # group: what each of three raters says shows it
        1: [(0, 1), (0,), (0,)],  # most: only 0
        2: [(0, 1, 2), (1, 2), ()],  # most: 1 and 2
        3: [(), (), (2,)],  # most: none
    }
    votes = [vote(r, g, chosen, question="shows") for g, of in said.items() for r, chosen in enumerate(of, 1)]
    values = {(g, p): 0.0 for g in said for p in range(3)} | {(1, 0): 1.0, (2, 1): 0.9, (3, 0): 1.0}
    found = judge_calibration(metric(values, is_share=True), votes, "shows", 0.95)
    assert (found.both_yes, found.judge_alone, found.raters_alone, found.both_no) == (2, 1, 1, 5)
    assert found.sensitivity is not None and found.sensitivity.value == pytest.approx(2 / 3)
    assert found.specificity is not None and found.specificity.value == pytest.approx(5 / 6)
    agreed, by_chance = 7 / 9, (3 * 3 + 6 * 6) / 81
    assert found.kappa == pytest.approx((agreed - by_chance) / (1 - by_chance))


def test_videos_of_which_half_say_yes_count_for_neither_side() -> None:
    votes = [vote(1, 1, (0,), question="shows"), vote(2, 1, (), question="shows")]
    found = judge_calibration(metric({(1, 0): 1.0, (1, 1): 0.0}, is_share=True), votes, "shows", 0.95)
    assert (found.both_yes, found.judge_alone, found.raters_alone, found.both_no) == (0, 0, 0, 1)
    assert found.sensitivity is None and found.kappa is None
