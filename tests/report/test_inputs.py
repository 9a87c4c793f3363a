"""What the report refuses, and the table of scores."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from tests.report.results_tree import Results

from dreamrelation.report.stage import run


@pytest.fixture
def own(results: Results, tmp_path: Path) -> Path:
    """A copy of the results that a test may spoil."""
    return Path(shutil.copytree(results.folder, tmp_path / "results"))


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def run_in(tmp_path: Path, results: Results, folder: Path) -> str:
    run(results.settings, folder, tmp_path / "report", tmp_path / "tables" / "scores.csv")
    return (tmp_path / "report" / "index.html").read_text(encoding="utf-8")


def test_table_holds_the_numbers_of_the_evaluation(results: Results, tmp_path: Path) -> None:
    run_in(tmp_path, results, results.folder)
    with (tmp_path / "tables" / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = {}
    for row in rows:
        numbers = {
            key: None if row[key] == "" else float(row[key]) for key in ("mean", "low", "high", "count", "missing")
        }
        found[row["relation"], row["method"], row["metric"]] = numbers
    expected = {}
    for relation in results.settings.relations:
        evaluation = json.loads((results.folder / relation / "evaluation.json").read_text())
        for method, metrics in evaluation["methods"].items():
            for metric, numbers in metrics.items():
                expected[relation, method, metric] = {key: v for key, v in numbers.items() if key != "interval"}
    assert found == expected
    assert len(rows) == len(found) == 2 * 3 * 5


@pytest.mark.parametrize(
    "missing",
    [
        "clips/index.parquet",
        "clips/selection.parquet",
        "kicking/evaluation.json",
        "kicking/masks.parquet",
        "kicking/masks.png",
        "kicking/rejections.parquet",
        "kicking/dreamrelation/training.parquet",
        "kicking/base/videos.parquet",
        "kicking/base/scores.parquet",
        "kicking/base/videos/01.mp4",
    ],
)
def test_a_missing_file_is_named(results: Results, own: Path, tmp_path: Path, missing: str) -> None:
    (own / missing).unlink()
    with pytest.raises(FileNotFoundError, match=missing.replace(".", r"\.")):
        run_in(tmp_path, results, own)
    assert not (tmp_path / "report").exists()
    assert not (tmp_path / "tables" / "scores.csv").exists()


def test_an_evaluation_of_another_relation_is_refused(results: Results, own: Path, tmp_path: Path) -> None:
    shutil.copy(own / "kicking" / "evaluation.json", own / "shaking_hands" / "evaluation.json")
    with pytest.raises(ValueError, match=r"shaking_hands/evaluation\.json: found the relation 'kicking'"):
        run_in(tmp_path, results, own)


def test_an_evaluation_without_a_method_is_refused(results: Results, own: Path, tmp_path: Path) -> None:
    change(own / "kicking" / "evaluation.json", methods={})
    with pytest.raises(ValueError, match="found no scores of base"):
        run_in(tmp_path, results, own)


def test_a_broken_evaluation_is_refused(results: Results, own: Path, tmp_path: Path) -> None:
    (own / "kicking" / "evaluation.json").write_text('{"experiment": ')
    with pytest.raises(ValueError, match=r"kicking/evaluation\.json: not valid JSON"):
        run_in(tmp_path, results, own)


def test_methods_must_show_the_same_prompts(results: Results, own: Path, tmp_path: Path) -> None:
    shutil.copy(own / "shaking_hands" / "base" / "videos.parquet", own / "kicking" / "base")
    shutil.copy(own / "shaking_hands" / "base" / "scores.parquet", own / "kicking" / "base")
    with pytest.raises(ValueError, match=r"direct_lora/videos\.parquet: found other prompts"):
        run_in(tmp_path, results, own)


def test_without_a_judge_nothing_is_made_up(results: Results, own: Path, tmp_path: Path) -> None:
    for relation in results.settings.relations:
        path = own / relation / "evaluation.json"
        nobody = {"mean": None, "low": None, "high": None, "interval": None, "count": 0, "missing": 4}
        methods = {method: {"relation_accuracy": nobody} for method in results.settings.methods}
        change(path, judge=None, controls=None, methods=methods)
    text = run_in(tmp_path, results, own)
    assert "No judge is set" in text
    assert "Not measured: Relation accuracy." in text
    assert "Controls:" not in text
    assert "0.0%" not in text
