"""Methods compared over all relations: what the page shows of the compare stage's tables, and which it refuses."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.report.parsed_page import Page
from tests.report.results_tree import METHODS, METRICS, Results, make_settings

from dreamrelation.errors import UserError
from dreamrelation.report.comparison import Comparison, Difference, read_comparison
from dreamrelation.report.difference_table import difference_table
from dreamrelation.report.scores import MeanScore, Metric, Scores, averages_of
from dreamrelation.stages.report import run

SHARE = Metric("Seen", unit="%", better="higher", is_share=True)
MOTION = Metric("Motion", unit="pixels per frame")


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def scores_of(results: Results) -> Scores:
    evaluations = [results.folder / relation / "evaluation.json" for relation in results.settings.relations]
    methods = [json.loads(path.read_text())["methods"] for path in evaluations]
    return averages_of(
        [
            {method: {name: MeanScore.from_json(one) for name, one in of_it.items()} for method, of_it in found.items()}
            for found in methods
        ]
    )


def test_the_overall_table_shows_the_comparisons_means_and_intervals(page: Page, results: Results) -> None:
    rows = {row[0]: row[2:] for row in page.tables[0].texts}
    found = {(row["metric"], row["method"]): row for row in read(results.folder / "tables" / "comparison.csv")}
    assert len(found) == len(METHODS) * (len(METRICS) - 1)
    averages = scores_of(results)
    labels = {"base": "Base model", "direct_lora": "Direct LoRA", "dreamrelation": "DreamRelation"}
    other_limits = 0
    for (name, method), row in found.items():
        metric, cell = METRICS[name], rows[labels[method]][list(METRICS).index(name)]
        mean, low, high = (metric.text(float(row[key])) for key in ("mean", "low", "high"))
        assert cell.startswith(mean) and f"{low} to {high}" in cell
        other_limits += f"{metric.text(averages[method][name].low)} to" not in cell
    assert other_limits > 0, "the averaged intervals are others, so this can tell them apart"


def test_a_metric_of_sets_keeps_the_average_of_the_relations(page: Page, results: Results) -> None:
    rows = {row[0]: row for row in page.tables[0].texts}
    assert not [row for row in read(results.folder / "tables" / "comparison.csv") if row["metric"] == "fvd"]
    assert rows["DreamRelation"][-1].startswith("1913") and rows["Direct LoRA"][-1].startswith("1911")


def test_differences_are_row_less_column_and_marked_exactly_where_the_interval_is_on_one_side_of_0(
    page: Page, results: Results
) -> None:
    (table,) = page.of_class("differences")
    assert table.texts[0] == ["Method", "Base model", "Direct LoRA", "DreamRelation"]
    both = [row for row in read(results.folder / "tables" / "differences.csv") if row["metric"] == "both"]
    assert len(both) == 6
    cells = {
        (method, other): cell
        for method, row in zip(METHODS, table.rows[1:], strict=True)
        for other, cell in zip(METHODS, row[1:], strict=True)
    }
    assert all(not cells[method, method].parts for method in METHODS)
    marks = set()
    for row in both:
        cell, low, high = cells[row["method"], row["other"]], float(row["low"]), float(row["high"])
        apart = low > 0 or high < 0
        numbers = [f"{100 * float(row[key]):+.1f}" for key in ("difference", "low", "high")]
        mean, low, high = ("0.0" if float(text) == 0 else text.replace("-", "−") for text in numbers)
        assert cell.parts == [mean, *(["(apart)"] if apart else []), f"{low} to {high}"]
        assert (cell.classes == "apart") == apart
        marks.add(apart)
    assert marks == {True, False}, "so that this can tell them apart"
    told = " ".join(page.words)
    assert "Both seen: the row’s method less the column’s, in percentage points" in told
    assert "by a bootstrap over prompts with the same resamples for all methods" in told


@pytest.mark.parametrize(
    ("low", "high", "is_apart"), [(0.1, 0.3, True), (-0.3, -0.1, True), (0.0, 0.3, False), (-0.3, 0.0, False),
                                  (-0.1, 0.2, False), (0.0, 0.0, False)],
)  # fmt: skip
def test_an_interval_that_touches_0_contains_it(low: float, high: float, is_apart: bool) -> None:
    found = Comparison({"a": {}, "b": {}}, {"seen": {("a", "b"): Difference(0.1, low, high)}})
    table = difference_table(found, {"motion": MOTION, "seen": SHARE})
    assert table is not None and (table.metric, table.unit) == (SHARE, "percentage points")
    (_, (nothing, cell)), (_, others) = table.rows
    assert nothing is None and cell is not None and cell.is_apart == is_apart
    assert others == [None, None]


def test_the_first_metric_that_was_compared_is_shown() -> None:
    pair = {("a", "b"): Difference(0.5, 0.25, 0.75), ("b", "a"): Difference(-0.5, -0.75, -0.25)}
    found = Comparison({"a": {}, "b": {}}, {"seen": pair, "motion": pair})
    table = difference_table(found, {"fvd": METRICS["fvd"], "motion": MOTION, "seen": SHARE})
    assert table is not None and (table.metric, table.unit) == (MOTION, "pixels per frame")
    cell = table.rows[1][1][0]
    assert cell is not None and (cell.text, cell.interval) == ("−0.500", "−0.750 to −0.250")


def test_differences_are_written_with_their_sign() -> None:
    assert [SHARE.difference_text(value) for value in (0.125, -0.125, 0.0, -0.0001)] == ["+12.5", "−12.5", "0.0", "0.0"]
    assert [MOTION.difference_text(value) for value in (0.5, -2079.9)] == ["+0.500", "−2080"]


def test_a_single_method_has_no_differences(tmp_path: Path) -> None:
    settings = make_settings(relations=("kicking",), videos_per_prompt=1, methods=("direct_lora",))
    alone = Results(tmp_path / "alone", settings).write()
    run(settings=alone.stage, results=alone.folder, report=tmp_path / "report", scores_table=tmp_path / "scores.csv")
    page = Page((tmp_path / "report" / "index.html").read_text(encoding="utf-8"))
    assert not page.of_class("differences") and "Differences" not in page.words
    assert "by a bootstrap over prompts" in " ".join(page.words), "its means are compared all the same"


def test_the_page_warns_where_limits_fall_together(tmp_path: Path) -> None:
    settings = make_settings(relations=("kicking",), videos_per_prompt=1, metrics=("relation_accuracy",))
    tiny = Results(tmp_path / "tiny", settings).write()
    run(settings=tiny.stage, results=tiny.folder, report=tmp_path / "report", scores_table=tmp_path / "scores.csv")
    lines = read(tiny.folder / "tables" / "comparison.csv")
    text = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert any(line["low"] == line["high"] for line in lines)
    assert "Where all videos agree, the limits fall together and say too much" in text


@pytest.fixture
def tables(results: Results, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(results.folder / "tables", tmp_path / "tables"))


def refused(tables: Path, results: Results, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_comparison(tables, scores_of(results), [name for name in METRICS if name != "fvd"])


def change_line(path: Path, number: int, old: str, new: str) -> None:
    lines = path.read_text().splitlines()
    assert old in lines[number]
    lines[number] = lines[number].replace(old, new, 1)
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("number", "old", "new", "message"),
    [
        (0, "metric", "metrics", "found the columns metrics, unit, .*, expected metric, unit, better, method"),
        (1, "base", "mine", "found both of mine, expected each metric of each method of the experiment once"),
        (1, "both", "neither", "found neither of base, expected each metric of each method of the experiment once"),
        (2, "direct_lora", "base", "found both of base, expected each metric .* once"),
        (1, ",2,6,2", ",2,7,1", r"found both of base as .* \(7 videos, 1 missing\), expected .* \(6 videos, 2 m"),
    ],
)  # fmt: skip
def test_another_comparison_is_refused(
    tables: Path, results: Results, number: int, old: str, new: str, message: str
) -> None:
    change_line(tables / "comparison.csv", number, old, new)
    refused(tables, results, rf"tables/comparison\.csv: {message}.*; run the compare stage again")


@pytest.mark.parametrize("number", ["nan", "inf", "", "much"])
def test_what_is_no_number_is_refused(tables: Path, results: Results, number: str) -> None:
    for name, column in (("comparison", "mean"), ("differences", "difference")):
        own = Path(shutil.copytree(tables, tables.parent / f"{name}{number}"))
        value = read(own / f"{name}.csv")[0][column]
        change_line(own / f"{name}.csv", 1, value, number)
        refused(own, results, rf"{name}\.csv: found the row both, .*, expected finite numbers in it")


def test_a_comparison_that_lacks_a_method_is_refused(tables: Path, results: Results) -> None:
    path = tables / "comparison.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    refused(tables, results, r"comparison\.csv: found no amount of dreamrelation, expected it of every method")


def test_a_comparison_that_lacks_a_metric_is_refused(tables: Path, results: Results) -> None:
    path = tables / "comparison.csv"
    path.write_text("".join(line for line in path.read_text().splitlines(True) if not line.startswith("amount")))
    refused(tables, results, r"comparison\.csv: found no amount of base, expected it of every method")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n"])
def test_what_is_no_table_is_refused(tables: Path, results: Results, content: bytes) -> None:
    (tables / "differences.csv").write_bytes(content)
    refused(tables, results, r"differences\.csv: (found the columns|not a CSV file)")


def test_the_comparison_of_other_videos_is_refused(tables: Path, results: Results, tmp_path: Path) -> None:
    """The same methods, metrics and numbers of videos, but other scores: as of before videos were made again."""
    other = Results(tmp_path / "other", results.settings)
    other.rng = np.random.default_rng([1, 17])
    other.write()
    shutil.copy(other.folder / "tables" / "comparison.csv", tables)
    refused(tables, results, r"comparison\.csv: found both of .* as .*, expected .*, as evaluated")


@pytest.mark.parametrize(
    ("number", "old", "new", "message"),
    [
        (0, "other", "others", "found the columns metric, method, others, .*, expected metric, method, other"),
        (1, "direct_lora", "mine", "found both of base less mine, expected each pair of comparison.csv once"),
        (1, "direct_lora", "base", "found both of base less base, expected each pair"),
        (2, "dreamrelation", "direct_lora", "found both of base less direct_lora, expected each pair"),
        (1, "both", "neither", "found neither of base less direct_lora, expected each pair"),
        (1, "direct_lora,-", "direct_lora,", "found a difference in both of .* between base and direct_lora, expected"),
    ],
)
def test_other_differences_are_refused(
    tables: Path, results: Results, number: int, old: str, new: str, message: str
) -> None:
    change_line(tables / "differences.csv", number, old, new)
    refused(tables, results, rf"tables/differences\.csv: {message}.*; run the compare stage again")


def test_differences_that_lack_a_pair_are_refused(tables: Path, results: Results) -> None:
    path = tables / "differences.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    refused(tables, results, "found no difference in amount between dreamrelation and direct_lora, expected one")
