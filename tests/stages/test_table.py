"""The paper's tables with this experiment's numbers: counted by hand, and read back from all three files."""

import csv
from pathlib import Path

import pytest

from dreamrelation.errors import UserError
from dreamrelation.metrics.description import Description
from dreamrelation.metrics.interface import MetricInfo
from dreamrelation.paper import COLUMNS, METHOD_LABELS, OURS, PAPER, TABLES
from dreamrelation.report.paper_tables import CSV_COLUMNS
from dreamrelation.settings.metrics import IntervalSettings
from dreamrelation.settings.table_stages import TableStage
from dreamrelation.stages import table
from dreamrelation.tables.rows import SCORES, SET_SCORES, SetScore, VideoScore

ACCURACY = MetricInfo("Relation accuracy", "whether it is seen", "%", "higher", 0.0, 1.0, is_share=True)
DISTANCE = MetricInfo("FVD", "from real videos", "", "lower", 0.0)
OWN = MetricInfo("Flow_speed", "how much moves", "pixels", None, 0.0)
SETTINGS = TableStage(
    seed=1, intervals=IntervalSettings(confidence=0.9, bootstrap_samples=200), papers_world=False
)  # fmt: skip
ROWS = {
    "hugging": {"base": [0, 0, 0, 1], "direct_lora": [0, 1, 0, 1], OURS: [1, 1, 1, None]},
    "kicking": {"base": [0, 0, 0, 0], "direct_lora": [0, 0, 1, 1], OURS: [1, 1, 1, 0]},
}
DISTANCES = {"base": 900.0, "direct_lora": 1200.5, OURS: 800.0}


@pytest.fixture
def scores(tmp_path: Path) -> list[Path]:
    """Three metrics of three methods in two relations, four videos each."""
    files: list[Path] = []
    for relation, methods in ROWS.items():
        for method, values in methods.items():
            folder = tmp_path / relation / method / "scores"
            for name, info, factor in (("relation_accuracy", ACCURACY, 1.0), ("flow", OWN, 3.0)):
                rows = [
                    VideoScore(f"{n}", f"prompt {n}", None if value is None else factor * value, None, "")
                    for n, value in enumerate(values)
                ]
                files.append(folder / f"{name}.parquet")
                SCORES.write(files[-1], rows, Description(name, info, "", compares_sets=False).metadata())
            files.append(folder / "fvd.parquet")
            row = SetScore(DISTANCES[method], None, None, 4, 30, "")
            SET_SCORES.write(files[-1], [row], Description("fvd", DISTANCE, "", compares_sets=True).metadata())
    return files


def run(folder: Path, scores: list[Path], settings: TableStage = SETTINGS, number: str = "1") -> dict[str, str]:
    files = {kind: folder / f"table{number}.{kind}" for kind in ("csv", "md", "tex")}
    table.run(
        settings=settings, number=number, scores=scores, csv=files["csv"], markdown=files["md"], latex=files["tex"]
    )
    return {kind: path.read_text(encoding="utf-8") for kind, path in files.items()}


def test_every_method_of_a_table_has_its_row_and_its_numbers(tmp_path: Path, scores: list[Path]) -> None:
    lines = list(csv.DictReader(run(tmp_path, scores)["csv"].splitlines()))
    assert tuple(lines[0]) == CSV_COLUMNS
    found = {(line["relation"], line["method"], line["metric"]): line for line in lines}
    assert len(found) == 3 * len(TABLES[1].methods) * 3
    ours = found["all", OURS, "relation_accuracy"]
    assert float(ours["mean"]) == pytest.approx((1 + 3 / 4) / 2)
    assert (ours["videos"], ours["missing"], ours["paper"], ours["papers_world"]) == ("7", "1", "0.4452", "False")
    assert float(ours["low"]) <= float(ours["mean"]) <= float(ours["high"])
    base = found["all", "base", "relation_accuracy"]
    assert float(base["mean"]) == pytest.approx(1 / 8) and base["paper"] == "0.2623"
    assert float(base["ahead"]) == pytest.approx(7 / 8 - 1 / 8)
    assert float(base["ahead_low"]) <= float(base["ahead"]) <= float(base["ahead_high"])
    assert found["all", "direct_lora", "flow"]["mean"] == "1.5"
    assert found["all", "direct_lora", "flow"]["paper"] == ""
    absent = found["all", "reversion", "relation_accuracy"]
    assert (absent["mean"], absent["videos"], absent["paper"]) == ("", "0", "0.269")


def test_a_relation_has_the_interval_of_its_evaluation_and_no_number_of_the_paper(
    tmp_path: Path, scores: list[Path]
) -> None:
    lines = csv.DictReader(run(tmp_path, scores)["csv"].splitlines())
    found = {(line["relation"], line["method"], line["metric"]): line for line in lines}
    one = found["kicking", "base", "relation_accuracy"]
    assert (one["mean"], one["low"], one["videos"], one["paper"], one["ahead"]) == ("0.0", "0.0", "4", "", "")
    assert float(one["high"]) > 0, "Wilson's interval of 0 of 4"


def test_metrics_of_sets_are_averaged_and_not_compared_video_by_video(tmp_path: Path, scores: list[Path]) -> None:
    texts = run(tmp_path, scores)
    found = {
        (line["relation"], line["method"], line["metric"]): line for line in csv.DictReader(texts["csv"].splitlines())
    }
    distance = found["all", "direct_lora", "fvd"]
    assert (distance["mean"], distance["low"], distance["videos"], distance["ahead"]) == ("1200.5", "", "8", "")
    assert distance["paper"] == "2229.08"


def test_the_paper_stands_beside_with_a_mark_where_the_worlds_differ(tmp_path: Path, scores: list[Path]) -> None:
    text = run(tmp_path, scores)["md"]
    head, _, *rows = [line for line in text.splitlines() if line.startswith("|")]
    assert head == "|  | Relation accuracy ↑ | paper† | Flow_speed | FVD ↓ | paper† |"
    assert rows[0].startswith("| Base model | 12.5% [") and "| 26.2% |" in rows[0] and rows[0].endswith("| 2047 |")
    assert rows[2] == "| ReVersion | – | 26.9% | – | – | 2683 |"
    assert "not comparable one to one" in text
    assert "DreamRelation less the others" in text and "## Flow_speed by relation" in text
    same = run(tmp_path, scores, SETTINGS.model_copy(update={"papers_world": True}))
    assert "†" not in same["md"] + same["tex"] and "not comparable" not in same["md"] + same["tex"]


def test_latex_is_escaped_and_complete(tmp_path: Path, scores: list[Path]) -> None:
    lines = run(tmp_path, scores)["tex"].splitlines()
    assert r" & Relation accuracy $\uparrow$ & paper\dag{} & Flow\_speed & FVD $\downarrow$ & paper\dag{} \\" in lines
    (base,) = [line for line in lines if line.startswith("Base model")]
    assert r"12.5\% [" in base and base.count("&") == 5 and base.endswith(r"\\")
    assert lines[0] == r"\begin{table}" and lines[-1] == r"\end{table}"


def test_a_table_that_the_paper_does_not_have_is_named(tmp_path: Path, scores: list[Path]) -> None:
    for number in ("4", "x"):
        with pytest.raises(UserError, match=f"--number: found '{number}', expected one of 1, 2, 3, 5, 6, 7"):
            run(tmp_path, scores, number=number)


def test_the_papers_tables_are_whole() -> None:
    """Every row stands in a table, under a name, with an accuracy; and ours stands last in each."""
    in_tables = {method for each in TABLES.values() for method in each.methods}
    assert in_tables == set(PAPER)
    assert all(each.methods[-1] == OURS and len(set(each.methods)) == len(each.methods) for each in TABLES.values())
    assert all(set(row) <= set(COLUMNS) and 0 < row["relation_accuracy"] < 1 for row in PAPER.values())
    assert set(METHOD_LABELS) <= in_tables | {"reversion_contrastive"}
