"""Comparing methods: means, paired differences, and the stage that takes them from scores."""

import csv
from pathlib import Path

import numpy as np
import pytest

from dreamrelation.errors import UserError
from dreamrelation.metrics.comparison import RESAMPLES_AT_ONCE, Sums, compare, sums_of
from dreamrelation.metrics.description import Description
from dreamrelation.metrics.interface import MetricInfo
from dreamrelation.settings.metrics import IntervalSettings
from dreamrelation.settings.table_stages import CompareStage
from dreamrelation.stages import compare as stage
from dreamrelation.tables.rows import SCORES, SET_SCORES, SetScore, VideoScore

SEEN = MetricInfo("Seen", "whether it is seen", "%", "higher", 0.0, 1.0, is_share=True)


def sums(values: np.ndarray) -> Sums:
    """Of (P, M) values, one video a prompt."""
    return Sums(values.astype(np.float64), np.ones_like(values, np.float64))


def test_each_relation_counts_the_same_and_each_video_within_it() -> None:
    small = sums_of({"a": {"p": [1.0]}, "b": {"p": [0.0]}})
    large = sums_of({"a": {"p": [0.0, 0.0, 0.0], "q": [1.0]}, "b": {"p": [1.0, 1.0, 1.0], "q": [1.0]}})
    found = compare(["a", "b"], [small, large], 0.95, 100, [0])
    assert found.methods["a"].mean == pytest.approx((1 + 0.25) / 2)
    assert found.methods["b"].mean == pytest.approx((0 + 1) / 2)
    assert found.differences["a", "b"].mean == pytest.approx(0.125)
    opposite = found.differences["b", "a"]
    assert (opposite.mean, opposite.low, opposite.high) == pytest.approx(
        (-found.differences["a", "b"].mean, -found.differences["a", "b"].high, -found.differences["a", "b"].low)
    )


def test_what_is_hard_for_all_methods_falls_out_of_a_difference() -> None:
    """Prompts differ by far more than methods do: the means' intervals overlap, the difference's is narrow."""
    rng = np.random.default_rng(0)
    hard = rng.normal(size=(40, 1))
    values = np.concatenate([hard, hard + 0.1 + 0.01 * rng.normal(size=(40, 1))], axis=1)
    found = compare(["a", "b"], [sums(values)], 0.95, 2000, [0])
    a, b, difference = found.methods["a"], found.methods["b"], found.differences["b", "a"]
    assert a.high > b.low and 0.09 < difference.low < difference.mean < difference.high < 0.11


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    """Against the normal approximation ± 1.96 s/√P."""
    values = np.random.default_rng(1).normal(3, 2, size=(400, 1))
    found = compare(["a"], [sums(values)], 0.95, 4000, [0]).methods["a"]
    half = 1.96 * values.std() / 20
    assert found.low == pytest.approx(values.mean() - half, abs=0.03)
    assert found.high == pytest.approx(values.mean() + half, abs=0.03)


def test_videos_of_one_prompt_are_drawn_together() -> None:
    """Repeats that are all alike make no interval narrower."""
    values = np.random.default_rng(2).normal(size=30)
    once = sums_of({"a": {str(p): [v] for p, v in enumerate(values)}})
    often = sums_of({"a": {str(p): [v] * 8 for p, v in enumerate(values)}})
    first, second = (compare(["a"], [found], 0.95, 1000, [0]).methods["a"] for found in (once, often))
    assert (first.low, first.high) == pytest.approx((second.low, second.high))


def test_the_same_seed_gives_the_same_limits_however_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values = sums(np.random.default_rng(3).normal(size=(10, 2)))
    samples = RESAMPLES_AT_ONCE + 17
    first, again = (compare(["a", "b"], [values], 0.9, samples, [4]) for _ in range(2))
    assert first == again and first != compare(["a", "b"], [values], 0.9, samples, [5])


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="b has other prompts than a, such as 'q'"):
        sums_of({"a": {"p": [1.0]}, "b": {"p": [1.0], "q": [1.0]}})
    with pytest.raises(ValueError, match="b has no value"):
        sums_of({"a": {"p": [1.0]}, "b": {"p": []}})
    with pytest.raises(ValueError, match="found the confidence 1"):
        compare(["a"], [sums(np.ones((2, 1)))], 1, 10, [0])


SETTINGS = CompareStage(seed=1, intervals=IntervalSettings(confidence=0.9, bootstrap_samples=200))


def write(folder: Path, relation: str, method: str, values: dict[str, list[float | None]], note: str = "") -> Path:
    path = folder / relation / method / "scores" / "seen.parquet"
    rows = [
        VideoScore(f"{prompt}_{n}", prompt, value, None, "")
        for prompt, of_it in values.items()
        for n, value in enumerate(of_it)
    ]
    SCORES.write(path, rows, Description("seen", SEEN, note, compares_sets=False).metadata())
    return path


def run(folder: Path, scores: list[Path]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    files = folder / "comparison.csv", folder / "differences.csv"
    stage.run(settings=SETTINGS, scores=scores, comparison=files[0], differences=files[1])
    read = []
    for path in files:
        with path.open(newline="") as file:
            read.append(list(csv.DictReader(file)))
    return read[0], read[1]


def test_the_stage_compares_all_relations(tmp_path: Path) -> None:
    scores = [
        write(tmp_path, "hugging", "base", {"p": [0.0, 0.0], "q": [1.0, None]}),
        write(tmp_path, "hugging", "ours", {"p": [1.0, 1.0], "q": [1.0, 1.0]}),
        write(tmp_path, "kicking", "base", {"p": [0.0], "q": [0.0]}),
        write(tmp_path, "kicking", "ours", {"p": [1.0], "q": [0.0]}),
    ]
    info = MetricInfo("FVD", "distance", "", "lower", 0.0)
    of_set = tmp_path / "hugging" / "base" / "scores" / "fvd.parquet"
    SET_SCORES.write(of_set, [SetScore(9.0, None, None, 2, 2, "")], Description("fvd", info, "", True).metadata())
    lines, pairs = run(tmp_path, [*scores, of_set])
    assert [(line["method"], line["videos"], line["missing"], line["relations"]) for line in lines] == [
        ("base", "5", "1", "2"), ("ours", "6", "0", "2"),
    ]  # fmt: skip
    base, ours = (float(line["mean"]) for line in lines)
    assert base == pytest.approx((1 / 3 + 0) / 2) and ours == pytest.approx((1 + 0.5) / 2)
    assert [(pair["method"], pair["other"]) for pair in pairs] == [("base", "ours"), ("ours", "base")]
    assert [float(pair["difference"]) for pair in pairs] == pytest.approx([base - ours, ours - base])
    assert (lines[0]["metric"], lines[0]["unit"], lines[0]["better"]) == ("seen", "%", "higher")


def test_scores_that_do_not_belong_together_are_named(tmp_path: Path) -> None:
    base = write(tmp_path, "hugging", "base", {"p": [0.0]})
    with pytest.raises(UserError, match="seen of hugging: ours has other prompts than base, such as 'q'"):
        run(tmp_path, [base, write(tmp_path, "hugging", "ours", {"p": [1.0], "q": [1.0]})])
    with pytest.raises(UserError, match="kicking: found scores of other methods than elsewhere, such as 'base'"):
        ours = [write(tmp_path, relation, "ours", {"p": [1.0]}) for relation in ("hugging", "kicking")]
        run(tmp_path, [base, *ours])
    with pytest.raises(UserError, match=r"ours/scores/seen.parquet: was taken with another version of seen"):
        run(tmp_path, [base, write(tmp_path, "hugging", "ours", {"p": [1.0]}, note="of today")])


def test_a_metric_of_which_a_method_has_no_value_is_left_out_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = [
        write(tmp_path, relation, method, {"p": [None if (relation, method) == ("kicking", "ours") else 0.0]})
        for relation in ("hugging", "kicking")
        for method in ("base", "ours")
    ]
    assert run(tmp_path, scores) == ([], [])
    assert "seen is not compared: no value of ours in kicking" in capsys.readouterr().err
