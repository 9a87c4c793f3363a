"""`dreamrelation study tally`: what the raters said, beside what the metrics say of the same videos."""

from pathlib import Path

from dreamrelation.listings import listing_of, write_listing
from dreamrelation.metrics.description import Description
from dreamrelation.study.database import open_database
from dreamrelation.study.folder import Study, open_study
from dreamrelation.study.tally.figure import draw
from dreamrelation.study.tally.metrics import MetricValues
from dreamrelation.study.tally.summary import tally_of
from dreamrelation.study.votes import read_votes
from dreamrelation.tables.rows import SCORES, SET_SCORES
from dreamrelation.tables.tally import QuestionTally, Tally, write_tally


def run(*, study: Path, results: Path | None) -> None:
    """Write `tally.json` and `tally.svg` into the study's folder; may be run while the study is open.

    `results` is `results/{experiment}`, where the scores of the metrics are; by default the folder that holds the
    study's. Raises UserError where nobody has voted.
    """
    found = open_study(study)
    votes = read_votes(open_database(found.votes, found.fingerprint))
    home = study.resolve().parent if results is None else results
    tally = tally_of(found, votes, read_metrics(found, home))
    write_tally(study / "tally.json", tally)
    draw(study / "tally.svg", tally)
    write_listing(listing_of(study / "tally.json"), [study / "tally.json", study / "tally.svg"])
    print(text_of(tally))
    print(f"{study / 'tally.json'}: the report shows it when it is made again")


def read_metrics(study: Study, home: Path) -> list[MetricValues]:
    """What each metric of single videos says of the study's videos, where all methods were scored."""
    found: dict[str, MetricValues] = {}
    values: dict[tuple[str, str, str], dict[str, float | None]] = {}
    for group in study.main_groups:
        for place, method in enumerate(study.methods):
            folder = home / group.relation / method / "scores"
            for path in sorted(folder.glob("*.parquet")):
                key = (group.relation, method, path.stem)
                if key not in values:
                    if SET_SCORES.holds(path):
                        continue
                    rows, metadata = SCORES.read_with_metadata(path)
                    values[key] = {row.video: row.value for row in rows}
                    found.setdefault(path.stem, _metric(Description.of(metadata, path)))
                value = values[key].get(group.made_from[place])
                if value is not None:
                    found[path.stem].values[group.group, place] = value
    return list(found.values())


def _metric(description: Description) -> MetricValues:
    info = description.info
    higher = None if info.better is None else info.better == "higher"
    return MetricValues(description.name, info.label, higher, info.is_share, {})


def text_of(tally: Tally) -> str:
    """A few lines for the terminal."""
    left_out = [str(rater.rater) for rater in tally.raters if not rater.counted]
    lines = [f"{len(tally.raters)} raters have voted, {len(tally.raters) - len(left_out)} count"]
    lines += [f"left out, for they failed too many checks: {', '.join(left_out)}"] if left_out else []
    lines += [line for question in tally.questions for line in _lines(question)]
    return "\n".join(lines)


def _lines(question: QuestionTally) -> list[str]:
    kappa, alpha = question.agreement.fleiss_kappa, question.agreement.krippendorff_alpha
    known = [f"{name} {value:.2f}" for name, value in (("κ", kappa), ("α", alpha)) if value is not None]
    lines = [f"{question.label}: {question.votes} votes on {question.groups} groups, {question.ties} ties, "
             + (", ".join(known) or "agreement not defined")]  # fmt: skip
    for found in question.methods:
        votes, won = found.votes, found.majority
        lines.append(
            f"  {found.method:30} {100 * votes.value:5.1f} % of the votes ({100 * votes.low:.1f} to"
            f" {100 * votes.high:.1f}), {100 * won.value:5.1f} % of the groups, strength {found.strength.value:+.2f}"
        )
    return lines
