"""What people said in the user study, as the overview shows it."""

from dataclasses import dataclass
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.paper import method_label
from dreamrelation.report.earlier_stages import existing
from dreamrelation.report.media import MediaFolder
from dreamrelation.tables.tally import Estimate, QuestionTally, Tally, read_tally

NO_NUMBER = "–"


@dataclass(frozen=True)
class StudyFiles:
    """What `dreamrelation study tally` left."""

    tally: Tally
    figure: Path


def find_study(experiment: str, results: Path) -> StudyFiles | None:
    """None where there was no study. Raises UserError where its tally is broken or of another experiment."""
    path = results / "study" / "tally.json"
    if not path.exists():
        return None
    tally = read_tally(path)
    if tally.experiment != experiment:
        raise UserError(f"{path}: found a tally of {tally.experiment!r}, expected one of {experiment!r}")
    return StudyFiles(tally, existing(results / "study" / "tally.svg"))


@dataclass(frozen=True)
class Number:
    """A number with its interval, as written."""

    text: str
    interval: str


@dataclass(frozen=True)
class UserStudy:
    """The section of the overview."""

    raters: str
    """Who took part and who counts, in sentences."""
    questions: list[str]
    methods: list[tuple[str, list[tuple[Number, Number]]]]
    """Method → for each question its share of the votes and of the groups."""
    agreement: list[str]
    """A sentence for each question."""
    figure: str
    metrics: list[tuple[str, list[Number]]]
    """Metric → for each question how often it orders two videos as people do."""
    judges: list[tuple[str, list[str]]]
    """Judge → its four counts, sensitivity, specificity and κ beside most raters."""


def user_study(files: StudyFiles | None, media: MediaFolder) -> UserStudy | None:
    """The section; the figure is copied."""
    if files is None:
        return None
    tally = files.tally
    names = [found.method for found in tally.questions[0].methods]
    return UserStudy(
        raters=_raters(tally),
        questions=[question.label for question in tally.questions],
        methods=[
            (
                method_label(name),
                [(_share(q.methods[at].votes), _share(q.methods[at].majority)) for q in tally.questions],
            )
            for at, name in enumerate(names)
        ],
        agreement=[_agreement(question) for question in tally.questions],
        figure=media.copy_picture(files.figure, "study"),
        metrics=_metrics(tally),
        judges=_judges(tally),
    )


def _raters(tally: Tally) -> str:
    counted = [rater for rater in tally.raters if rater.counted]
    left_out = len(tally.raters) - len(counted)
    checks, passed = sum(r.checks for r in counted), sum(r.checks_passed for r in counted)
    repeats, equal = sum(r.repeats for r in counted), sum(r.repeats_equal for r in counted)
    not_counted = "does not count" if left_out == 1 else "do not count"
    return " ".join(
        [
            f"{len(counted)} {'person' if len(counted) == 1 else 'people'} rated {tally.questions[0].groups} of"
            f" {tally.groups} groups of videos.",
            *([f"{left_out} more missed too many evident answers and {not_counted}."] if left_out else []),
            *([f"Evident answers were seen {passed} times of {checks}."] if checks else []),
            *([f"Asked again, people gave the same answer {equal} times of {repeats}."] if repeats else []),
        ]
    )


def _agreement(question: QuestionTally) -> str:
    found = question.agreement
    parts = [
        f"{name} {value:.2f}" if value is not None else f"no {name}, for {reason}"
        for name, value, reason in (
            ("Fleiss’ κ", found.fleiss_kappa, found.fleiss_reason),
            ("Krippendorff’s α", found.krippendorff_alpha, found.krippendorff_reason),
        )
    ]
    places = question.positions
    chance = "" if places.p_value is None else f"; were no place preferred, p = {places.p_value:.2g}"
    return (
        f"{question.label}: {question.votes} votes, {question.ties} of them “no difference”; {', '.join(parts)};"
        f" by place on the page {', '.join(map(str, places.counts))}{chance}."
    )


def _metrics(tally: Tally) -> list[tuple[str, list[Number]]]:
    labels = {found.metric: found.label for found in tally.metrics}
    by_name = {(found.metric, found.question): _share(found.agreement) for found in tally.metrics}
    unknown = Number(NO_NUMBER, "")
    return [
        (label, [by_name.get((name, question.name), unknown) for question in tally.questions])
        for name, label in labels.items()
    ]


def _judges(tally: Tally) -> list[tuple[str, list[str]]]:
    return [
        (
            judge.label,
            [
                *map(str, (judge.both_yes, judge.judge_alone, judge.raters_alone, judge.both_no)),
                *(NO_NUMBER if one is None else _with_limits(one) for one in (judge.sensitivity, judge.specificity)),
                NO_NUMBER if judge.kappa is None else f"{judge.kappa:.2f}",
            ],
        )
        for judge in tally.judges
    ]


def _share(found: Estimate) -> Number:
    return Number(f"{100 * found.value:.0f}%", f"{100 * found.low:.0f} to {100 * found.high:.0f}")


def _with_limits(found: Estimate) -> str:
    number = _share(found)
    return f"{number.text} ({number.interval})"
