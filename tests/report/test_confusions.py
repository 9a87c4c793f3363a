"""Confusion matrices: as the page shows them, and read from evaluation.json."""

import json
import shutil
from pathlib import Path

import pytest
from tests.report.parsed_page import Page
from tests.report.results_tree import CONFUSION, Results, make_settings

from dreamrelation.errors import UserError
from dreamrelation.report.confusions import Confusion, confusion_tables
from dreamrelation.report.evaluation import read_evaluation
from dreamrelation.report.scores import Metric
from dreamrelation.stages.report import run

SUMMARY = "How the judge does on clips that it has not seen"


def test_a_matrix_is_shown_with_its_counts_and_the_shares_of_its_rows(page: Page) -> None:
    (table,) = page.of_class("confusion")
    assert table.texts == [
        ["Shown", "shaking hands", "kicking", "none"],
        ["shaking hands", "17", "2", "1"],
        ["kicking", "", "23", ""],
        ["none", "5", "", "15"],
    ]
    assert [[cell.style for cell in row[1:]] for row in table.rows[1:]] == [
        ["--share: 0.850", "--share: 0.100", "--share: 0.050"],
        ["", "--share: 1.000", ""],
        ["--share: 0.250", "", "--share: 0.750"],
    ]
    marked = [[cell.classes for cell in row[1:]] for row in table.rows[1:]]
    assert [[("right" in classes) for classes in row] for row in marked] == [
        [row == column for column in range(3)] for row in range(3)
    ]
    assert SUMMARY in page.words and CONFUSION.title in page.words
    assert "shaking hands, taken for kicking: 2 of 20" in [cell.get("title") for cell in page.all("td")]


def test_without_matrices_the_page_says_nothing_of_them(tmp_path: Path) -> None:
    settings = make_settings(relations=("kicking",), videos_per_prompt=1, metrics=("both", "amount"))
    bare = Results(tmp_path / "bare", settings).write()
    run(settings=bare.stage, results=bare.folder, report=tmp_path / "report", scores_table=tmp_path / "scores.csv")
    page = Page((tmp_path / "report" / "index.html").read_text(encoding="utf-8"))
    assert not page.of_class("confusion") and SUMMARY not in page.words


def test_metrics_that_share_their_matrices_show_them_once() -> None:
    other = Confusion("Figures", ("dog",), ((3,),))
    found = confusion_tables([("A", (CONFUSION,)), ("B", ()), ("A", (other,)), ("D", (CONFUSION,))])
    assert [(labels, [table.title for table in tables]) for labels, tables in found] == [
        ("A, D", [CONFUSION.title]), ("A", ["Figures"]),
    ]  # fmt: skip


def test_a_class_without_examples_has_no_shares() -> None:
    ((_, (table,)),) = confusion_tables([("A", (Confusion("Figures", ("dog", "cat"), ((0, 0), (1, 3))),))])
    assert [[cell.share for cell in cells] for _, cells in table.rows] == [[0.0, 0.0], [0.25, 0.75]]


def test_an_evaluation_of_before_there_were_matrices_has_none() -> None:
    assert Metric.from_json({"label": "Seen"}) == Metric("Seen")


@pytest.mark.parametrize(
    "matrix",
    [
        {"title": "Figures", "classes": ["dog", "cat"], "counts": [[1, 2]]},
        {"title": "Figures", "classes": ["dog", "cat"], "counts": [[1, 2], [3]]},
        {"title": "Figures", "classes": ["dog"]},
        "Figures",
    ],
)
def test_what_is_no_matrix_is_refused(results: Results, tmp_path: Path, matrix: object) -> None:
    path = Path(shutil.copy(results.folder / "kicking" / "evaluation.json", tmp_path))
    content = json.loads(path.read_text())
    content["metrics"]["both"]["confusions"] = [matrix]
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"evaluation\.json: not the output of the summarise stage"):
        read_evaluation(path, "kicking", list(results.settings.methods), list(results.settings.metrics))


def test_relations_judged_alike_agree_after_json(results: Results) -> None:
    """Lists of JSON and tuples of Python must not look like two judges."""
    methods, metrics = list(results.settings.methods), list(results.settings.metrics)
    first, second = (
        read_evaluation(results.folder / relation / "evaluation.json", relation, methods, metrics)
        for relation in ("kicking", "shaking_hands")
    )
    assert first.metrics == second.metrics
    assert first.metrics["relation_accuracy"].confusions == (CONFUSION,)
