"""What people said stands in the report, where they were asked."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.report.parsed_page import Page
from tests.report.results_tree import METHODS, Results

from dreamrelation.errors import UserError
from dreamrelation.stages.report import run
from dreamrelation.tables.tally import (
    Agreement,
    Estimate,
    JudgeCalibration,
    MethodTally,
    MetricAgreement,
    Positions,
    QuestionTally,
    RaterTally,
    Tally,
    write_tally,
)

HALF = Estimate(0.5, 0.25, 0.75)
ODD = "Judged <b>by people</b>"


def question(name: str, label: str) -> QuestionTally:
    methods = (MethodTally(METHODS[0], HALF, Estimate(0.1, 0.0, 0.2), Estimate(0.0, -1.0, 1.0)),) * len(METHODS)
    methods = tuple(replace(found, method=method) for found, method in zip(methods, METHODS, strict=True))
    agreement = Agreement(0.41, 8, "", None, "no group has two raters")
    return QuestionTally(name, label, 8, 24, 5, methods, agreement, Positions((9, 6, 4), 0.37))


TALLY = Tally(
    experiment="tiny",
    confidence=0.95,
    samples=100,
    groups=9,
    raters=(RaterTally(1, 8, 12, 11, 6, 5, 9.5, True), RaterTally(2, 8, 12, 3, 6, 1, 2.0, False)),
    questions=(question("relation", "Relation alignment"), question("text", "Text alignment")),
    metrics=(MetricAgreement("both", ODD, "relation", 7, Estimate(0.83, 0.6, 0.95)),),
    judges=(JudgeCalibration("both", ODD, 20, 3, 4, 30, Estimate(0.83, 0.6, 0.9), None, 0.71),),
)


@pytest.fixture
def studied(results: Results, tmp_path: Path) -> Results:
    """The shared results, with a tally."""
    copy = Results(tmp_path, results.settings)
    shutil.copytree(results.folder, copy.folder)
    write_tally(copy.folder / "study" / "tally.json", TALLY)
    (copy.folder / "study" / "tally.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    return copy


def write(results: Results) -> Path:
    folder = results.folder.parent / "report"
    run(settings=results.stage, results=results.folder, report=folder, scores_table=folder.parent / "scores.csv")
    return folder


def test_shares_of_votes_and_groups_are_a_table(studied: Results) -> None:
    folder = write(studied)
    page = Page((folder / "index.html").read_text(encoding="utf-8"))
    text = " ".join(page.words)
    (table,) = [found for found in page.tables if any("votes" in cell for row in found.texts for cell in row)]
    assert table.texts[2] == ["Base model", *["50% 25 to 75", "10% 0 to 20"] * 2]
    assert "1 people rated" not in text and "1 person rated 8 of 9 groups" in text
    assert "1 more missed too many evident answers and does not count" in text
    assert "Evident answers were seen 11 times of 12" in text and "the same answer 5 times of 6" in text
    assert "Fleiss’ κ 0.41, no Krippendorff’s α, for no group has two raters" in text
    assert "by place on the page 9, 6, 4; were no place preferred, p = 0.37" in text
    assert (folder / "media" / "study" / "tally.svg").is_file()


def test_metrics_and_judges_stand_beside_people(studied: Results) -> None:
    page = Page((write(studied) / "index.html").read_text(encoding="utf-8"))
    rows = [row for table in page.tables for row in table.texts if row[0] == ODD]
    assert rows == [
        [ODD, "83% 60 to 95", "–"],
        [ODD, "20", "3", "4", "30", "83% (60 to 90)", "–", "0.71"],
    ]


def test_without_a_study_nothing_is_said_of_it(report: Path) -> None:
    assert "What people say" not in (report / "index.html").read_text(encoding="utf-8")


def test_a_tally_of_another_experiment_or_a_broken_one_is_refused(studied: Results) -> None:
    path = studied.folder / "study" / "tally.json"
    write_tally(path, replace(TALLY, experiment="other"))
    with pytest.raises(UserError, match=r"tally.json: found a tally of 'other', expected one of 'tiny'"):
        write(studied)
    path.write_text('{"experiment": 7}', encoding="utf-8")
    with pytest.raises(UserError, match=r"tally.json: is no tally of a user study"):
        write(studied)
    write_tally(path, TALLY)
    (studied.folder / "study" / "tally.svg").unlink()
    with pytest.raises(UserError, match=r"tally.svg: no such file"):
        write(studied)
