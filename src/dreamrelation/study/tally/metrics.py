"""Metrics beside the raters: does a metric order two videos as people do, and does a judge say yes where they do."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa

from dreamrelation.study.groups import MAIN
from dreamrelation.study.questions import Question
from dreamrelation.study.tally.ballots import Ballots, resampled
from dreamrelation.study.tally.shares import estimate
from dreamrelation.study.votes import Vote
from dreamrelation.tables.tally import Estimate, JudgeCalibration, MetricAgreement


@dataclass(frozen=True)
class MetricValues:
    """What one metric says of the study's videos."""

    name: str
    label: str
    higher_is_better: bool | None
    """None: neither is better."""
    is_share: bool
    """Whether it says yes (1) or no (0)."""
    values: dict[tuple[int, int], float]
    """(group, method's place) → value; without those that could not be taken."""


def metric_agreement(
    metric: MetricValues, question: Question, ballots: Ballots, samples: int, seed: int, confidence: float
) -> MetricAgreement | None:
    """Of each group the share of those pairs of videos, one of which more raters chose, that the metric orders alike.

    A metric that finds both alike gets half. None where there is no such pair, or neither direction is better.
    """
    if metric.higher_is_better is None:
        return None
    sign = 1 if metric.higher_is_better else -1
    shares = []
    for group, counts in zip(ballots.groups, ballots.counts[:, :-1], strict=True):
        known = [place for place in range(len(counts)) if (group, place) in metric.values]
        pairs = [(a, b) for a, b in combinations(known, 2) if counts[a] != counts[b]]
        if pairs:
            value = metric.values
            ahead = [sign * (value[group, a] - value[group, b]) * (counts[a] - counts[b]) for a, b in pairs]
            shares.append(float(np.mean((np.sign(ahead) + 1) / 2)))
    if not shares:
        return None
    draws = resampled(len(shares), samples, seed)
    found = estimate(np.array(shares), draws, confidence)
    return MetricAgreement(metric.name, metric.label, question.name, len(shares), found)


def judge_calibration(metric: MetricValues, votes: list[Vote], question: str, confidence: float) -> JudgeCalibration:
    """A judge's answers beside what most raters said of the same videos; those of which half said yes are left out."""
    raters: dict[tuple[int, int], list[bool]] = {}
    for vote in votes:
        if vote.kind == MAIN and vote.question == question:
            for place in range(len(vote.places)):
                raters.setdefault((vote.group, place), []).append(place in vote.chosen)
    table = np.zeros((2, 2), dtype=np.int64)
    for video, said in raters.items():
        if video in metric.values and 2 * sum(said) != len(said):
            judge, people = metric.values[video] > 0.5, 2 * sum(said) > len(said)
            table[int(not judge), int(not people)] += 1
    varied = (table.sum(axis=0) > 0).all() and (table.sum(axis=1) > 0).all()
    return JudgeCalibration(
        metric=metric.name,
        label=metric.label,
        both_yes=int(table[0, 0]),
        judge_alone=int(table[0, 1]),
        raters_alone=int(table[1, 0]),
        both_no=int(table[1, 1]),
        sensitivity=_share(int(table[0, 0]), int(table[:, 0].sum()), confidence),
        specificity=_share(int(table[1, 1]), int(table[:, 1].sum()), confidence),
        kappa=_kappa(table) if varied else None,
    )


def _share(count: int, total: int, confidence: float) -> Estimate | None:
    """With Wilson's interval."""
    if not total:
        return None
    limits = stats.binomtest(count, total).proportion_ci(confidence, method="wilson")
    return Estimate(count / total, float(limits.low), float(limits.high))


def _kappa(table: np.ndarray) -> float:
    found: Any = cohens_kappa(table)
    return float(found.kappa)
