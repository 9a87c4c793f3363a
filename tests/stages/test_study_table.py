"""The user study as a table."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from tests.report.test_user_study import TALLY

from dreamrelation.errors import UserError
from dreamrelation.settings.table_stages import StudyTableStage
from dreamrelation.stages.study_table import run
from dreamrelation.tables.tally import write_tally

STAGE = StudyTableStage(experiment="tiny")


def write(folder: Path) -> None:
    run(
        settings=STAGE,
        tally=folder / "tally.json",
        csv=folder / "table4.csv",
        markdown=folder / "table4.md",
        latex=folder / "table4.tex",
    )


def test_everything_is_in_the_csv_and_the_shares_in_the_others(tmp_path: Path) -> None:
    write_tally(tmp_path / "tally.json", TALLY)
    write(tmp_path)
    rows = list(csv.DictReader((tmp_path / "table4.csv").open(encoding="utf-8")))
    assert [(row["question"], row["method"]) for row in rows] == [
        (question, method) for question in ("relation", "text") for method in ("base", "direct_lora", "dreamrelation")
    ]
    first = rows[0]
    assert (first["votes"], first["votes_low"], first["majority"], first["strength_high"]) == (
        "0.5",
        "0.25",
        "0.1",
        "1.0",
    )
    assert (first["votes_given"], first["ties"], first["fleiss_kappa"], first["krippendorff_alpha"]) == (
        "24",
        "5",
        "0.41",
        "",
    )
    markdown = (tmp_path / "table4.md").read_text(encoding="utf-8")
    assert "votes of 1 raters on 9 groups" not in markdown and "votes of 1 rater on 9 groups" in markdown
    assert "| DreamRelation | 50.0 % [25.0, 75.0] | 50.0 % [25.0, 75.0] |" in " ".join(markdown.split()).replace(
        " |", " |"
    )
    latex = (tmp_path / "table4.tex").read_text(encoding="utf-8")
    assert r"50.0 \% [25.0, 75.0]" in latex and r"\toprule" in latex and " % " not in latex


def test_a_tally_of_another_experiment_is_refused(tmp_path: Path) -> None:
    write_tally(tmp_path / "tally.json", replace(TALLY, experiment="other"))
    with pytest.raises(UserError, match=r"tally.json: found a tally of 'other', expected one of 'tiny'"):
        write(tmp_path)
    assert not (tmp_path / "table4.csv").exists()
