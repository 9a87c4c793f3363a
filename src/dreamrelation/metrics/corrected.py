"""A judge's share of yes, corrected for what it says of clips whose truth is known (Rogan and Gladen 1978).

A judge that says yes to a share s of the clips that show a relation, and to a share u of those that do not, says yes to
q = p·s + (1 − p)·u of videos of which a share p shows it. So p = (q − u)/(s − u), as far as the judge errs about
generated videos as it does about real ones.
"""

from dataclasses import dataclass

import numpy as np

LEAST_DIFFERENCE = 0.1
"""Between s and u, at the lower limit of its interval: with less, p is anything."""


@dataclass(frozen=True)
class Corrected:
    """The share, or why there is none."""

    mean: float | None
    low: float | None
    high: float | None
    reason: str = ""


def corrected(
    observed: np.ndarray, positive: np.ndarray, negative: np.ndarray, confidence: float, samples: int, seed: list[int]
) -> Corrected:
    """From the values, 0 to 1, of videos and of real clips that do and do not show the relation.

    The interval carries the uncertainty of all three shares. Each is drawn from the beta distribution that Jeffreys'
    prior gives: resampling would find no uncertainty in ten clips that are all judged right. Raises ValueError where
    there are no values, or one is no share.
    """
    for name, values in (("videos", observed), ("positive clips", positive), ("negative clips", negative)):
        if not len(values) or values.min() < 0 or values.max() > 1:
            raise ValueError(f"{name}: found {values}, expected values of 0 to 1")
    rng = np.random.default_rng(seed)
    q, s, u = (float(values.mean()) for values in (observed, positive, negative))
    drawn_q, drawn_s, drawn_u = (_drawn(values, samples, rng) for values in (observed, positive, negative))
    tail = (1 - confidence) / 2
    if np.quantile(drawn_s - drawn_u, tail) < LEAST_DIFFERENCE:
        return Corrected(
            None,
            None,
            None,
            f"yes to {s:.0%} of {len(positive)} real clips that show the relation and to {u:.0%} of {len(negative)}"
            " others is too close, or of too few clips, to tell",
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.clip((drawn_q - drawn_u) / (drawn_s - drawn_u), 0, 1)
    low, high = np.nanquantile(shares, [tail, 1 - tail])
    mean = float(np.clip((q - u) / (s - u), 0, 1))
    return Corrected(mean, min(float(low), mean), max(float(high), mean))


def _drawn(values: np.ndarray, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Shares that may have given these values."""
    yes = float(values.sum())
    return rng.beta(yes + 0.5, len(values) - yes + 0.5, samples)
