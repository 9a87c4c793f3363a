"""tally.json: what the raters of a user study said. The study writes it; the report and one of the tables read it."""

import json
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from dreamrelation.errors import UserError
from dreamrelation.files import appearing


@dataclass(frozen=True)
class Estimate:
    """A value and the limits of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class MethodTally:
    """What one method won on one question."""

    method: str
    votes: Estimate
    """Share of the votes; a tie counts for all methods in equal parts, so that the shares add up to 1."""
    majority: Estimate
    """Share of the groups in which more raters chose it than gave any other answer, a tie being one."""
    strength: Estimate
    """By the model of Bradley and Terry: a logarithm, on average 0 over the methods."""


@dataclass(frozen=True)
class Agreement:
    """On one question; 1: all agree, 0: as by chance. None where it is not defined, for the reason beside it."""

    fleiss_kappa: float | None
    """Fleiss 1971; of the groups with as many raters as most have."""
    fleiss_groups: int
    """How many those are."""
    fleiss_reason: str
    krippendorff_alpha: float | None
    """Nominal (Krippendorff 2004): takes all votes, however many raters each group has."""
    krippendorff_reason: str


@dataclass(frozen=True)
class Positions:
    """Votes by the letter on the page; ties left out."""

    counts: tuple[int, ...]
    p_value: float | None
    """Pearson's χ² against equal counts; None without votes. Small: the places are not chosen alike."""


@dataclass(frozen=True)
class QuestionTally:
    """One question that is answered by one video or a tie."""

    name: str
    label: str
    groups: int
    votes: int
    ties: int
    methods: tuple[MethodTally, ...]
    agreement: Agreement
    positions: Positions


@dataclass(frozen=True)
class RaterTally:
    """How carefully one rater answered."""

    rater: int
    groups: int
    checks: int
    """Answers to groups with an evident one."""
    checks_passed: int
    """Of which saw it."""
    repeats: int
    """Answers that were asked for twice."""
    repeats_equal: int
    """Of which were the same both times."""
    seconds: float
    """Median time from showing a group to its answer."""
    counted: bool
    """False: left out of the tally, for too many checks were failed."""


@dataclass(frozen=True)
class MetricAgreement:
    """How often a metric orders two videos of a group as the raters do."""

    metric: str
    label: str
    question: str
    groups: int
    """In which the raters preferred one of two videos that both have a value."""
    agreement: Estimate
    """0.5: as by chance."""


@dataclass(frozen=True)
class JudgeCalibration:
    """A metric that says yes or no, beside most raters' yes or no to the same video."""

    metric: str
    label: str
    both_yes: int
    judge_alone: int
    """The judge says yes and most raters no."""
    raters_alone: int
    both_no: int
    sensitivity: Estimate | None
    """Share of the raters' yes that the judge says, too; None where there is none."""
    specificity: Estimate | None
    kappa: float | None
    """Cohen 1960; None where one side always says the same."""


@dataclass(frozen=True)
class Tally:
    """All of it."""

    experiment: str
    confidence: float
    """Level of the intervals, which are percentiles over resampled groups."""
    samples: int
    groups: int
    """MAIN groups of the study."""
    raters: tuple[RaterTally, ...]
    """Of whom those who are not `counted` have no part in what follows."""
    questions: tuple[QuestionTally, ...]
    metrics: tuple[MetricAgreement, ...]
    judges: tuple[JudgeCalibration, ...]


def write_tally(path: Path, tally: Tally) -> None:
    """Appears atomically."""
    with appearing(path) as beside:
        beside.write_text(json.dumps(asdict(tally), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_tally(path: Path) -> Tally:
    """Raises UserError where the file is missing or no tally."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; `dreamrelation study tally` writes it")
    try:
        return TypeAdapter(Tally).validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(
            f"{path}: is no tally of a user study: {first['msg']} at {first['loc']}; tally the study again"
        ) from None
