"""The history of the benchmarks: rows are added, never lost, and compared with those of the same machine."""

import json
import runpy
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from benchmarks.history import BENCHMARKS, HISTORY, PAGE, Benchmark, Row

from benchmarks import history

STUB = """\
import json, sys
assert sys.argv[1:] == ["small", "--measurements"]
print(json.dumps([
    {"quantity": "slow", "value": 2.0, "unit": "s"},
    {"quantity": "fast", "value": 0.5, "unit": "s", "reference": "slow : fast", "ratio": RATIO},
]))
"""
ONE = Benchmark("stub", ("small",))


def place(folder: Path, ratio: float) -> Path:
    (folder / "stub.py").write_text(STUB.replace("RATIO", str(ratio)), encoding="utf-8")
    return folder


def lines(page: Path, quantity: str) -> list[list[str]]:
    found = [line.split(" | ") for line in page.read_text(encoding="utf-8").splitlines() if f"| {quantity} |" in line]
    return [[cell.strip("| ") for cell in line] for line in found]


def test_each_run_is_added_and_compared_with_the_one_before(tmp_path: Path) -> None:
    rows, page = tmp_path / "history.csv", tmp_path / "results" / "history.md"
    for ratio in (4.0, 2.0, 3.0):
        assert history.run((ONE,), rows, page, place(tmp_path, ratio)) == 0
    assert [row.ratio for row in history.read(rows)] == ["", "4", "", "2", "", "3"]
    (line,) = lines(page, "fast")
    assert line[2:5] == ["0.5 s", "slow : fast", "3"]
    assert line[5].startswith("2 (") and line[6] == "1.50 !"
    assert lines(page, "slow")[0][3:7] == ["", "", lines(page, "slow")[0][5], ""]


def test_machines_are_not_compared(tmp_path: Path) -> None:
    rows, page = tmp_path / "history.csv", tmp_path / "history.md"
    history.run((ONE,), rows, page, place(tmp_path, 4.0))
    (other,) = [replace(row, machine="64 cores", ratio="9") for row in history.read(rows) if row.ratio]
    history.append(rows, [other])
    history.run((ONE,), rows, page, place(tmp_path, 4.0))
    assert sorted(line[6] for line in lines(page, "fast")) == ["", "1.00"]


def test_another_reference_is_no_change(tmp_path: Path) -> None:
    """A benchmark that is compared with something else from now on begins anew."""
    row = Row("2026-01-01", "abc", "m", "0.1", "b", "q", "1", "s", "old : this", "4")
    text = history.page([row, replace(row, reference="new : this", ratio="2")])
    assert "| 2 | 4 (abc) |  | abc" in text


def test_one_that_fails_does_not_stop_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.py").write_text("raise SystemExit(3)", encoding="utf-8")
    found = history.run(
        (Benchmark("broken"), Benchmark("absent", needs=(tmp_path / "results",)), ONE),
        tmp_path / "history.csv",
        tmp_path / "history.md",
        place(tmp_path, 4.0),
    )
    assert found == 1 and len(history.read(tmp_path / "history.csv")) == 2
    told = capsys.readouterr().err
    assert "broken: failed" in told and "absent : left out: there is no" in told


def test_the_page_is_that_of_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == history.page(history.read(HISTORY))


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda one: f"{one.name}-{one.arguments[0]}")
def test_every_benchmark_is_there_and_knows_its_arguments(
    benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = history.HERE / f"{benchmark.name}.py"
    monkeypatch.setattr(sys, "argv", [str(script), *benchmark.arguments, "--measurements", "--help"])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(script), run_name="__main__")
    assert stopped.value.code == 0 and "--measurements" in capsys.readouterr().out


def loaded(name: str) -> dict[str, Any]:
    return runpy.run_path(str(history.HERE / f"{name}.py"))


def test_measurements_are_ratios_of_one_run(tmp_path: Path) -> None:
    runs = {"plain": {"seconds": 3.0}, "ours": {"seconds": 2.0}, "triplet": {"out_of_memory": "…"}}
    found = loaded("train_step")["measurements"]([{"preset": "tiny", "runs": runs}])
    assert [(one["quantity"], one.get("ratio")) for one in found] == [("tiny, plain", None), ("tiny, ours", 1.5)]
    found = loaded("subspaces")["measurements"]({"exact": [9.0, 6.0, 5.0], "randomized": [3.0, 2.0, 1.0]})
    assert found[1]["ratio"] == 3.0
    times = loaded("masks_speed")
    slow, fast = times["Times"](1.0, 1.0, 10), times["Times"](0.0, 1.0, 10)
    assert times["measurements"]({"one by one": slow, "ahead": fast})[1]["ratio"] == 2.0
    for stage, seconds in (("train", 9), ("clips", 1)):
        (tmp_path / "benchmarks").mkdir(exist_ok=True)
        (tmp_path / f"benchmarks/{stage}.tsv").write_text(f"s\tmax_rss\n{seconds}\t1\n", encoding="utf-8")
    found = loaded("stages")["measurements"](tmp_path)
    assert {one["quantity"]: one["ratio"] for one in found} == {"train": 0.9, "clips": 0.1}
    assert json.loads(json.dumps(found)) == found
