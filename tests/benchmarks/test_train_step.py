"""The benchmark of a training step runs, and its two loops train the same."""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "train_step.py"


@pytest.fixture(scope="module")
def benchmark() -> Any:
    spec = importlib.util.spec_from_file_location("train_step", BENCHMARK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["train_step"] = module
    spec.loader.exec_module(module)
    return module


def test_the_smallest_preset_runs(
    benchmark: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["train_step.py", "tiny-single", "--steps", "2", "--warm", "1"])
    benchmark.main()
    told = json.loads(capsys.readouterr().out)
    (found,) = told["results"]
    assert set(found["runs"]) == {"plain", "ours", "triplet"}
    assert all(run["seconds"] > 0 and run["steps"] == 2 for run in found["runs"].values())
    assert found["plain_to_ours"] == found["runs"]["plain"]["seconds"] / found["runs"]["ours"]["seconds"]
    assert found["counted_flops"] > 1e8 and 0 < found["share_of_matrix_rate"] < 1


def test_presets_have_the_published_sizes(benchmark: Any) -> None:
    """Mochi's 10 B and Wan's 1.3 B and 14 B parameters, on the meta device."""
    import torch

    for name, least, most in (("mochi-61", 9.9e9, 10.2e9), ("wan-1.3b", 1.2e9, 1.5e9), ("wan-14b", 13.9e9, 14.5e9)):
        transformer = benchmark.transformer_of(benchmark.PRESETS[name], "meta", torch.bfloat16)
        assert least < sum(p.numel() for p in transformer.parameters()) < most, name
