"""The stage on small films, and the summary over two methods."""

import json
from pathlib import Path

import numpy as np
import pytest

from dreamrelation import tables
from dreamrelation.evaluation import stage, summary
from dreamrelation.evaluation.classifier import new_judge, save_judge
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.video import encode

FRAMES, HEIGHT, WIDTH = 7, 64, 96
METRICS = ["relation_accuracy", "relation_probability", "subject_accuracy", "temporal_consistency", "motion"]


@pytest.fixture
def settings(experiment_settings, tmp_path) -> ExperimentSettings:
    """The default experiment with an untrained judge and two methods."""
    motions, kinds = ("shaking_hands", "hugging", "kicking", "none"), ("dog", "cat", "person", "nobody")
    facts = {"name": "puppet_classifier", "held_out_accuracy": {"motion": 0.25}}
    save_judge(tmp_path / "judge", new_judge(motions, kinds, seed=0), facts)
    evaluation = experiment_settings.evaluation.model_copy(update={"judge_path": str(tmp_path / "judge")})
    methods = {name: experiment_settings.methods[name] for name in ("base", "dreamrelation")}
    return experiment_settings.model_copy(update={"evaluation": evaluation, "methods": methods})


def film(path: Path, seed: int) -> None:
    start = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    encode(path, np.stack([np.roll(start, t, axis=1) for t in range(FRAMES)]), frames_per_second=10)


def manifest_of(folder: Path, method: str, subjects: list[tuple[str, str]]) -> Path:
    """Films and their manifest, as the generate stage leaves them."""
    rows = []
    for n, (first, second) in enumerate(subjects):
        path = folder / "videos" / f"{n:03d}.mp4"
        film(path, seed=n)
        rows.append(
            {
                "video": f"{n:03d}", "file": f"videos/{path.name}", "relation": "hugging", "method": method,
                "prompt": f"A {first} is hugging a {second}.", "subject1": first, "subject2": second,
                "repeat": 0, "seed": n, "pixel_frames": FRAMES, "height": HEIGHT, "width": WIDTH,
                "frames_per_second": 10, "sampling_steps": 2, "guidance_scale": 4.0, "model": "tiny",
                "adapters": [], "sha256": tables.file_sha256(path),
            }
        )  # fmt: skip
    tables.write(folder / "videos.parquet", tables.VIDEOS, rows)
    return folder / "videos.parquet"


def evaluate(settings: ExperimentSettings, folder: Path, method: str, subjects: list[tuple[str, str]]) -> Path:
    manifest = manifest_of(folder / method, method, subjects)
    scores = folder / method / "scores.parquet"
    stage.run(settings, "hugging", method, manifest, folder / method / "videos", scores)
    return scores


def test_every_video_has_every_metric(settings, tmp_path):
    scores = evaluate(settings, tmp_path, "base", [("dog", "cat"), ("dog", "robot")])
    rows = tables.read(scores, tables.SCORES).to_pylist()
    assert [(row["video"], row["metric"]) for row in rows] == [(v, m) for v in ("000", "001") for m in METRICS]
    values = {(row["video"], row["metric"]): row["value"] for row in rows}
    assert values["000", "relation_accuracy"] in (0.0, 1.0)
    assert 0 < values["000", "relation_probability"] < 1
    assert values["000", "subject_accuracy"] in (0.0, 0.5, 1.0)
    assert values["001", "subject_accuracy"] is None
    assert values["000", "motion"] > 0
    again = evaluate(settings, tmp_path, "base", [("dog", "cat"), ("dog", "robot")])
    assert tables.read(again, tables.SCORES).to_pylist() == rows


def test_a_missing_video_is_named(settings, tmp_path):
    manifest = manifest_of(tmp_path, "base", [("dog", "cat"), ("dog", "cat")])
    (tmp_path / "videos" / "001.mp4").unlink()
    with pytest.raises(FileNotFoundError, match=r"001\.mp4"):
        stage.run(settings, "hugging", "base", manifest, tmp_path / "videos", tmp_path / "scores.parquet")
    assert not (tmp_path / "scores.parquet").exists()


def test_an_exchanged_video_is_refused(settings, tmp_path):
    manifest = manifest_of(tmp_path, "base", [("dog", "cat")])
    film(tmp_path / "videos" / "000.mp4", seed=99)
    with pytest.raises(ValueError, match=r"000\.mp4.*SHA-256"):
        stage.run(settings, "hugging", "base", manifest, tmp_path / "videos", tmp_path / "scores.parquet")


@pytest.mark.parametrize(("relation", "method"), [("kicking", "base"), ("hugging", "dreamrelation")])
def test_a_manifest_of_something_else_is_refused(settings, tmp_path, relation, method):
    manifest = manifest_of(tmp_path, "base", [("dog", "cat")])
    with pytest.raises(ValueError, match=f"hugging by base, expected {relation} by {method}"):
        stage.run(settings, relation, method, manifest, tmp_path / "videos", tmp_path / "scores.parquet")


def test_an_unknown_relation_is_refused(settings, tmp_path):
    manifest = manifest_of(tmp_path, "base", [("dog", "cat")])
    rows = [{**row, "relation": "follow"} for row in tables.read(manifest, tables.VIDEOS).to_pylist()]
    tables.write(manifest, tables.VIDEOS, rows)
    with pytest.raises(ValueError, match="does not know the relation 'follow'"):
        stage.run(settings, "follow", "base", manifest, tmp_path / "videos", tmp_path / "scores.parquet")


def selection_of(tmp_path: Path, relations: list[str]) -> Path:
    rows = []
    for n, relation in enumerate(relations):
        film(tmp_path / "clips" / f"{n}.mp4", seed=50 + n)
        rows.append(
            {
                "clip": str(n), "relation": relation, "caption": "A person is hugging a person.",
                "video": str(tmp_path / "clips" / f"{n}.mp4"), "skeleton": "none", "start_frame": 0,
                "pixel_frames": FRAMES, "crop_left": 0, "crop_top": 0, "crop_width": WIDTH, "crop_height": HEIGHT,
                "subject1_track": 0, "subject_rule": "left", "window_rule": "whole",
            }
        )  # fmt: skip
    tables.write(tmp_path / "clips" / "selection.parquet", tables.SELECTION, rows)
    return tmp_path / "clips" / "selection.parquet"


def test_summary(settings, tmp_path):
    subjects = [("dog", "cat"), ("cat", "dog"), ("dog", "robot")]
    scores = [evaluate(settings, tmp_path, method, subjects) for method in ("dreamrelation", "base")]
    selection = selection_of(tmp_path, ["hugging", "kicking"])
    summary.run(settings, "hugging", scores, selection, tmp_path / "evaluation.json")
    content = json.loads((tmp_path / "evaluation.json").read_text())
    assert list(content) == ["experiment", "relation", "seed", "judge", "confidence", "controls", "methods"]
    assert content["judge"]["held_out_accuracy"] == {"motion": 0.25}
    assert [content["controls"][side]["count"] for side in ("positive", "negative")] == [1, 1]
    assert list(content["methods"]) == ["base", "dreamrelation"]
    for metrics in content["methods"].values():
        assert list(metrics) == METRICS
        for metric, numbers in metrics.items():
            assert set(numbers) == {"mean", "low", "high", "interval", "count", "missing"}
            assert numbers["low"] <= numbers["mean"] <= numbers["high"]
            assert numbers["interval"] == ("wilson" if metric == "relation_accuracy" else "bootstrap")
            assert (numbers["count"], numbers["missing"]) == ((2, 1) if metric == "subject_accuracy" else (3, 0))


def test_a_metric_that_no_video_has_stays_empty(settings, tmp_path):
    scores = evaluate(settings, tmp_path, "base", [("dog", "robot")])
    found = summary.summarise(scores, settings.evaluation, seed=0)["subject_accuracy"]
    assert found == {"mean": None, "low": None, "high": None, "interval": None, "count": 0, "missing": 1}


def test_summary_needs_every_method(settings, tmp_path):
    scores = [tmp_path / "base" / "scores.parquet"]
    with pytest.raises(ValueError, match="dreamrelation"):
        summary.run(settings, "hugging", scores, tmp_path / "selection.parquet", tmp_path / "evaluation.json")


def test_summary_needs_an_exemplar(settings, tmp_path):
    scores = [tmp_path / method / "scores.parquet" for method in ("base", "dreamrelation")]
    selection = selection_of(tmp_path, ["kicking"])
    with pytest.raises(ValueError, match="no clip of hugging"):
        summary.run(settings, "hugging", scores, selection, tmp_path / "evaluation.json")
