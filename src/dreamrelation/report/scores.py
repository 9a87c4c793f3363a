"""Metrics and mean scores as the page writes and compares them, and averages over relations.

What a metric is comes from evaluation.json; nothing here knows one by name.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dreamrelation.report.confusions import Confusion


@dataclass(frozen=True)
class Metric:
    """How a metric is shown."""

    label: str
    about: str = ""
    """What it says, in a few words."""
    unit: str = ""
    """"%": values are 0 to 1 and are written as percent."""
    better: Literal["higher", "lower"] | None = None
    """None: neither is better, so no method is marked as the best."""
    low: float | None = None
    high: float | None = None
    """Least and greatest possible value."""
    is_share: bool = False
    """A video's value is 0 or 1: no or yes."""
    note: str = ""
    """How it was taken: which network, how good it is."""
    compares_sets: bool = False
    """One value of all videos of a method, and none of a single one."""
    confusions: tuple[Confusion, ...] = ()
    """How it does where the truth is known."""

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Metric":
        confusions = tuple(Confusion.from_json(one) for one in content.get("confusions", ()))
        return cls(**{**content, "confusions": confusions})

    @property
    def is_percent(self) -> bool:
        return self.unit == "%"

    @property
    def shown_unit(self) -> str:
        """For the head of a column, where the numbers do not bear it themselves."""
        return "" if self.is_percent else self.unit

    @property
    def hint(self) -> str:
        """What it says and which values are better."""
        return "; ".join(part for part in (self.about, f"{self.better} is better" if self.better else "") if part)

    def text(self, value: float | None) -> str:
        """A number as the page writes it: percent to one decimal, others to three; a dash where there is none."""
        if value is None:
            return "–"
        if self.is_percent:
            return f"{100 * value:.1f}%"
        return f"{value:.3f}" if abs(value) < 100 else f"{value:.0f}"

    def difference_text(self, value: float) -> str:
        """A difference of two values with its sign, of percent in percentage points."""
        text = f"{100 * value:+.1f}" if self.is_percent else f"{value:+.3f}" if abs(value) < 100 else f"{value:+.0f}"
        return text.replace("-", "−") if float(text) else text[1:]


@dataclass(frozen=True)
class Corrected:
    """A share, corrected for what its metric says of real clips."""

    mean: float | None
    """None: `reason` says why."""
    low: float | None
    high: float | None
    reason: str


@dataclass(frozen=True)
class MeanScore:
    """The mean of a metric over videos and its confidence interval."""

    mean: float | None
    """None where no video has a value."""
    low: float | None
    high: float | None
    """None where there is no interval."""
    count: int
    """Videos with a value."""
    missing: int
    """Videos without."""
    passes: int = 1
    """How often it was taken of each video."""
    deviation: float | None = None
    """Of several passes, the standard deviation of their means."""
    corrected: Corrected | None = None
    """None where the metric was not asked about real clips."""

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "MeanScore":
        passes, corrected = content.get("passes"), content.get("corrected")
        return cls(
            *(content[key] for key in ("mean", "low", "high", "count", "missing")),
            passes=1 if passes is None else passes["count"],
            deviation=None if passes is None else passes["deviation"],
            corrected=None if corrected is None else Corrected(**corrected),
        )


NO_SCORE = MeanScore(None, None, None, 0, 0)

Scores = dict[str, dict[str, MeanScore]]
"""Method → metric → mean."""


def averaged(scores: list[MeanScore]) -> MeanScore:
    """The mean over relations, each counting the same, with its interval.

    The interval follows from those of the relations, which are independent, by the method of variance estimates
    recovery (Zou and Donner 2008, "Construction of confidence limits about effect measures"): distances to the
    limits add in squares. Unlike ±z·s it keeps the asymmetry of intervals of shares. Relations in which nothing could
    be measured are left out; count and missing tell. Where one of the others has no interval, neither has the mean.
    """
    count, missing = sum(score.count for score in scores), sum(score.missing for score in scores)
    means = [score.mean for score in scores if score.mean is not None]
    if not means:
        return MeanScore(None, None, None, count, missing)
    mean = math.fsum(means) / len(means)
    limits = [
        (s.mean, s.low, s.high) for s in scores if s.mean is not None and s.low is not None and s.high is not None
    ]
    if len(limits) < len(means):
        return MeanScore(mean, None, None, count, missing)
    below = math.sqrt(math.fsum((m - low) ** 2 for m, low, _ in limits)) / len(limits)
    above = math.sqrt(math.fsum((high - m) ** 2 for m, _, high in limits)) / len(limits)
    return MeanScore(mean, mean - below, mean + above, count, missing)


def averages_of(relations: list[Scores]) -> Scores:
    """The averages over the relations, all of which have the same methods; of metrics that any of them has."""
    averages: Scores = {}
    for method in relations[0]:
        each = [relation[method] for relation in relations]
        names = dict.fromkeys(name for of_relation in each for name in of_relation)
        averages[method] = {name: averaged([one.get(name, NO_SCORE) for one in each]) for name in names}
    return averages


def best(metric: Metric, means: dict[str, float | None]) -> set[str]:
    """Methods with the best mean, several where they are equal as written; nobody where there is nothing to compare."""
    known = {method: mean for method, mean in means.items() if mean is not None}
    if metric.better is None or len(known) < 2:
        return set()
    target = max(known.values()) if metric.better == "higher" else min(known.values())
    winners = {method for method, mean in known.items() if metric.text(mean) == metric.text(target)}
    return winners if len(winners) < len(known) else set()
