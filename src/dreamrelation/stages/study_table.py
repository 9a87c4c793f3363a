"""The study_table stage: what the raters of the user study said, as the paper's fourth table has it."""

from pathlib import Path

import pandas as pd

from dreamrelation.errors import UserError
from dreamrelation.files import appearing
from dreamrelation.paper import method_label
from dreamrelation.settings.table_stages import StudyTableStage
from dreamrelation.tables.tally import Estimate, Tally, read_tally
from dreamrelation.tables.texts import latex_text, markdown_cell

TITLE = "User study"


def run(*, settings: StudyTableStage, tally: Path, csv: Path, markdown: Path, latex: Path) -> None:
    """Write the tally as a table: CSV with everything, Markdown and LaTeX with the shares of the votes.

    Raises UserError where the tally is missing, broken or of another experiment.
    """
    found = read_tally(tally)
    if found.experiment != settings.experiment:
        raise UserError(f"{tally}: found a tally of {found.experiment!r}, expected one of {settings.experiment!r}")
    with appearing(csv) as beside:
        all_numbers(found).to_csv(beside, index=False, lineterminator="\n")
    shown = shares(found)
    in_cells = shown.rename(columns=markdown_cell, index=markdown_cell).map(markdown_cell)
    with appearing(markdown) as beside:
        text = f"# Table 4. {TITLE}\n\n{_caption(found)}\n\n{in_cells.to_markdown()}\n"
        beside.write_text(text, encoding="utf-8")
    with appearing(latex) as beside:
        escaped = shown.rename(columns=latex_text, index=latex_text).map(latex_text)
        beside.write_text(escaped.to_latex(caption=latex_text(f"{TITLE}. {_caption(found)}")), encoding="utf-8")


def all_numbers(tally: Tally) -> pd.DataFrame:
    """One row for each question and method."""
    return pd.DataFrame(
        {
            "question": question.name,
            "method": found.method,
            **_columns("votes", found.votes),
            **_columns("majority", found.majority),
            **_columns("strength", found.strength),
            "groups": question.groups,
            "votes_given": question.votes,
            "ties": question.ties,
            "fleiss_kappa": question.agreement.fleiss_kappa,
            "krippendorff_alpha": question.agreement.krippendorff_alpha,
        }
        for question in tally.questions
        for found in question.methods
    )


def shares(tally: Tally) -> pd.DataFrame:
    """A row for each method, a column for each question: share of the votes with its interval."""
    columns = {
        question.label: {method_label(found.method): _text(found.votes) for found in question.methods}
        for question in tally.questions
    }
    return pd.DataFrame(columns)


def _caption(tally: Tally) -> str:
    counted = sum(rater.counted for rater in tally.raters)
    raters = "1 rater" if counted == 1 else f"{counted} raters"
    return (
        f"Share of the votes of {raters} on {tally.groups} groups of videos, ties in equal parts; in brackets"
        f" {100 * tally.confidence:g} % intervals over groups."
    )


def _columns(name: str, found: Estimate) -> dict[str, float]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def _text(found: Estimate) -> str:
    return f"{100 * found.value:.1f} % [{100 * found.low:.1f}, {100 * found.high:.1f}]"
