"""The measures: how they are called, written and compared, and their average over relations."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Measure:
    """How a measure is shown."""

    label: str
    hint: str
    """What it says, in a few words."""
    percent: bool = False
    better: Literal["higher", "lower"] | None = None
    """None: neither is better, so no method is marked as the best."""

    def text(self, value: float | None) -> str:
        """A number as the page writes it: percent to one decimal, others to three; a dash where there is none."""
        if value is None:
            return "–"
        if self.percent:
            return f"{100 * value:.1f}%"
        return f"{value:.3f}" if abs(value) < 100 else f"{value:.0f}"


MEASURES: dict[str, Measure] = {
    "relation_accuracy": Measure("Relation accuracy", "videos in which the judge sees the relation", True, "higher"),
    "relation_probability": Measure("Relation probability", "the judge's mean probability", False, "higher"),
    "subject_accuracy": Measure("Subject accuracy", "named figures that the judge finds", True, "higher"),
    "temporal_consistency": Measure("Temporal consistency", "likeness of neighbouring frames", False, "higher"),
    "motion": Measure("Motion", "how much moves; neither more nor less is better", False, None),
    "clip_t": Measure("CLIP-T", "likeness of frames and prompt", False, "higher"),
    "fvd": Measure("FVD", "distance to real videos, lower is better", False, "lower"),
}


def measure(name: str) -> Measure:
    """The measure of this name; one that the page does not know yet is shown plainly."""
    return MEASURES.get(name) or Measure(name.replace("_", " ").capitalize(), "", False, None)


def ordered(names: Iterable[str]) -> list[str]:
    """Known measures in the page's order, then the others by name."""
    known = list(MEASURES)
    return sorted(set(names), key=lambda name: (known.index(name) if name in known else len(known), name))


@dataclass(frozen=True)
class Score:
    """The mean of a measure over videos and its confidence interval; None where no video could be measured."""

    mean: float | None
    low: float | None
    high: float | None
    count: int
    """Videos measured."""
    missing: int
    """Videos that could not be measured."""

    @classmethod
    def from_json(cls, numbers: dict[str, Any]) -> "Score":
        return cls(numbers["mean"], numbers["low"], numbers["high"], numbers["count"], numbers["missing"])


NO_SCORE = Score(None, None, None, 0, 0)


def averaged(scores: list[Score]) -> Score:
    """The mean over relations, each counting the same, with its interval.

    The interval follows from those of the relations, which are independent, by the method of variance estimates
    recovery (Zou and Donner 2008, "Construction of confidence limits about effect measures"): distances to the
    limits add in squares. Unlike ±z·s it keeps the asymmetry of intervals of shares. Relations in which nothing could
    be measured are left out; count and missing tell.
    """
    count, missing = sum(score.count for score in scores), sum(score.missing for score in scores)
    known = [(s.mean, s.low, s.high) for s in scores if s.mean is not None and s.low is not None and s.high is not None]
    if not known:
        return Score(None, None, None, count, missing)
    mean = math.fsum(m for m, _, _ in known) / len(known)
    below = math.sqrt(math.fsum((m - low) ** 2 for m, low, _ in known)) / len(known)
    above = math.sqrt(math.fsum((high - m) ** 2 for m, _, high in known)) / len(known)
    return Score(mean, mean - below, mean + above, count, missing)


def best(name: str, means: dict[str, float | None]) -> set[str]:
    """Methods with the best mean, several where they are equal as written; nobody where there is nothing to compare."""
    shown, better = measure(name), measure(name).better
    known = {method: mean for method, mean in means.items() if mean is not None}
    if better is None or len(known) < 2:
        return set()
    target = max(known.values()) if better == "higher" else min(known.values())
    winners = {method for method, mean in known.items() if shown.text(mean) == shown.text(target)}
    return winners if len(winners) < len(known) else set()
