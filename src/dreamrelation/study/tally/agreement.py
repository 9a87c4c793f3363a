"""How far raters agree beyond chance."""

import numpy as np
from statsmodels.stats.inter_rater import fleiss_kappa

from dreamrelation.study.tally.ballots import Ballots
from dreamrelation.tables.tally import Agreement

ALL_THE_SAME = "all gave the same answer everywhere, so chance cannot be told"


def agreement(ballots: Ballots) -> Agreement:
    """A tie is an answer as any other."""
    kappa, groups, why_not = _fleiss(ballots)
    alpha, why_no_alpha = _krippendorff(ballots)
    return Agreement(kappa, groups, why_not, alpha, why_no_alpha)


def _fleiss(ballots: Ballots) -> tuple[float | None, int, str]:
    numbers, groups = np.unique(ballots.raters, return_counts=True)
    usual = int(numbers[groups.argmax()])
    table = ballots.counts[ballots.raters == usual]
    if usual < 2:
        return None, len(table), "most groups have a single rater"
    if (table.sum(axis=0) > 0).sum() < 2:
        return None, len(table), ALL_THE_SAME
    return float(fleiss_kappa(table, method="fleiss")), len(table), ""


def _krippendorff(ballots: Ballots) -> tuple[float | None, str]:
    if (ballots.counts.sum(axis=0) > 0).sum() < 2:
        return None, ALL_THE_SAME
    paired = ballots.counts[ballots.raters > 1]
    if not len(paired):
        return None, "no group has two raters"
    if (paired.sum(axis=0) > 0).sum() < 2:
        return None, ALL_THE_SAME
    return nominal_alpha(paired), ""


def nominal_alpha(counts: np.ndarray) -> float:
    """Krippendorff's α of answers that have no order, 1 - D_o / D_e.

    counts: (G, K), how often each answer was given to each group; two answers or more to each group, and two different
    ones or more in all. With o_ck = Σ_u (pairs of a c and a k in u) / (m_u - 1), n_c = Σ_k o_ck and n = Σ_c n_c,
    D_o = Σ_{c≠k} o_ck / n is how often two answers to one group differ, and D_e = Σ_{c≠k} n_c n_k / n (n - 1) how often
    any two do (K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, sections B and C).
    """
    raters = counts.sum(axis=1)
    differ = raters**2 - (counts**2).sum(axis=1)
    totals, n = counts.sum(axis=0), counts.sum()
    observed = (differ / (raters - 1)).sum() / n
    expected = (n**2 - (totals**2).sum()) / (n * (n - 1))
    return float(1 - observed / expected)
