"""The whole pipeline through Snakemake, on the real small Mochi and judge, as small as it gets."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.workflow.checkout import Checkout, copy_workflow, real_models

from dreamrelation.backbones.weights import part_fingerprint
from dreamrelation.config import load
from dreamrelation.latents.cache import latents_fingerprint
from dreamrelation.listings import find_changed
from dreamrelation.segmentation.run_lengths import stored_masks
from dreamrelation.settings.stages import LatentsStage
from dreamrelation.tables.rows import CONTROLS, INDEX, MASKS, SCORES, SELECTION, TRAINING, VIDEOS
from dreamrelation.tables.tensors import LATENTS, read_tensors, tensors

TINY = """
relations: [shaking_hands]
puppets: {good_clips: 3}
clips: {per_relation: 3, minimum: 2}
machine: {checkpoint_every: 2}
training: {steps: 4, warmup_steps: 1, batch_size: 1}
methods: {direct_lora: {steps: 4}, dreamrelation: {snapshots: [2]}}
generation: {subjects: [[dog, cat]], videos_per_prompt: 1, sampling_steps: 2}
analysis: {subspaces: null, attention: null, strength: null, feature_maps: null}
"""
FEW = """
metrics: {subject_accuracy: null, appearance_leakage: null, temporal_consistency: null}
analysis:
  subspaces: {}
  attention: {methods: [dreamrelation], clips: 1}
  strength: {methods: [dreamrelation], scales: [0, 1]}
  feature_maps: {prompts: [A panda and a fox are dancing.]}
"""
CONFIG = ("--configfile", "tiny.yaml", "few.yaml")
RESULTS = "results/puppets"
METHODS = ("base", "direct_lora", "dreamrelation")
METRICS = ("joint_accuracy", "relation_accuracy", "motion")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, warm: Path) -> Checkout:
    """A checkout in which everything was made with the tiny settings."""
    checkout = copy_workflow(tmp_path_factory.mktemp("pipeline"), warm)
    real_models(checkout)
    (checkout.folder / "tiny.yaml").write_text(TINY, encoding="utf-8")
    (checkout.folder / "few.yaml").write_text(FEW, encoding="utf-8")
    answer = checkout.snakemake(*CONFIG)
    assert answer.status == 0, answer.text[-6000:]
    return checkout


def test_everything_is_there_and_a_second_run_has_nothing_to_do(built: Checkout) -> None:
    report = built.folder / RESULTS / "report/index.html"
    assert "shaking hands" in report.read_text(encoding="utf-8")
    assert built.plan(*CONFIG).nothing_to_do


def test_the_evaluation_compares_all_methods_by_all_metrics(built: Checkout) -> None:
    content = json.loads((built.folder / RESULTS / "shaking_hands/evaluation.json").read_text(encoding="utf-8"))
    assert tuple(content["methods"]) == METHODS
    assert tuple(content["metrics"]) == METRICS
    for method in METHODS:
        assert tuple(content["methods"][method]) == METRICS
        accuracy = content["methods"][method]["relation_accuracy"]
        assert accuracy["count"] == 1 and 0 <= accuracy["low"] <= accuracy["mean"] <= accuracy["high"] <= 1
    assert content["controls"]["relation_accuracy"]["positive"]["count"] == 3


def test_tables_between_the_stages_keep_their_contracts(built: Checkout) -> None:
    results = built.folder / RESULTS
    index = INDEX.read(results / "clips/index.parquet")
    selection = SELECTION.read(results / "clips/selection.parquet")
    chosen = {clip.clip for clip in selection}
    assert {row.clip for row in index if row.verdict == "selected"} == chosen and len(chosen) == 3
    assert all(row.reason for row in index if row.verdict == "refused")
    masks = MASKS.read(results / "shaking_hands/masks.parquet")
    path = results / "shaking_hands/latents.parquet"
    stage = LatentsStage.of(load([built.folder / "config.yaml", built.folder / "tiny.yaml"]))
    model = stage.model.model_copy(update={"path": str(built.folder / stage.model.path)})
    latents = read_tensors(path, LATENTS, latents_fingerprint(stage, part_fingerprint(model, "autoencoder")))
    assert latents.column("clip").to_pylist() == [clip.clip for clip in selection]
    assert pq.ParquetFile(path).num_row_groups == 3
    union = tensors(latents, "mask_relation").astype("float32")
    subjects = [tensors(latents, f"mask_subject{k}").astype("float32") for k in (1, 2)]
    assert union.max() <= 1 and (union >= subjects[0] - 1e-3).all()
    assert (union <= subjects[0] + subjects[1] + 2e-3).all()
    first = np.any(stored_masks(masks, selection[0].clip, selection[0].pixel_frames), axis=1)
    assert abs(float(first[0].mean()) - float(union[0, 0].mean())) < 1e-3


def test_each_metric_has_a_file_of_its_own(built: Checkout) -> None:
    results = built.folder / RESULTS / "shaking_hands"
    for method in METHODS:
        (video,) = VIDEOS.read(results / method / "videos.parquet")
        for metric in METRICS:
            (score,) = SCORES.read(results / method / "scores" / f"{metric}.parquet")
            assert score.video == video.video and score.detail
    assert len(CONTROLS.read(results / "controls/relation_accuracy.parquet")) == 3


def test_settings_stand_beside_every_output(built: Checkout) -> None:
    results = built.folder / RESULTS
    beside = ("clips/selection.settings.yaml", "captions.settings.yaml", "shaking_hands/masks.settings.yaml",
              "shaking_hands/prompts.settings.yaml", "shaking_hands/latents.settings.yaml",
              "shaking_hands/dreamrelation/training.settings.yaml",
              "shaking_hands/dreamrelation/videos.settings.yaml", "shaking_hands/base/scores/motion.settings.yaml",
              "report.settings.yaml")  # fmt: skip
    lists = [name.replace(".settings.yaml", ".sha256") for name in beside]
    missing = [name for name in (*beside, *lists) if not (results / name).is_file()]
    assert not missing
    assert all(find_changed(path) is None for path in results.rglob("*.sha256"))


def test_adapters_and_curves_of_each_method(built: Checkout) -> None:
    results = built.folder / RESULTS / "shaking_hands"
    files = {path.name for path in (results / "dreamrelation/adapters").glob("*.safetensors")}
    assert files == {f"{name}.safetensors" for name in ("relation", "subject1", "subject2", "ffn")}
    assert set(json.loads((results / "dreamrelation/adapters.json").read_text())) == files
    earlier = {path.name for path in (results / "dreamrelation/adapters/step_2").iterdir()}
    assert earlier == {*files, "adapters.json"}
    assert [path.stem for path in (results / "direct_lora/adapters").glob("*.safetensors")] == ["direct"]
    rows = TRAINING.read(results / "dreamrelation/training.parquet")
    assert [row.step for row in rows] == [0, 1, 2, 3]
    assert all(row.terms["reconstruction"] > 0 for row in rows)
    assert not (results / "dreamrelation/resume").exists()


def test_videos_of_an_earlier_step_are_made_of_what_was_learned_by_then(built: Checkout) -> None:
    folder = built.folder / RESULTS / "shaking_hands/dreamrelation"
    (early,), (late,) = VIDEOS.read(folder / "samples/step_2/videos.parquet"), VIDEOS.read(folder / "videos.parquet")
    assert early.seed == late.seed and early.adapters != late.adapters and early.sha256 != late.sha256
    assert (folder / "samples/step_2" / early.file).is_file()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("base/scores/motion.parquet", {"evaluate": 1, "compare": 1, "table": 1}),
        ("controls/relation_accuracy.parquet", {"controls": 1}),
    ],
)
def test_a_deleted_file_rebuilds_what_follows_and_nothing_else(
    built: Checkout, name: str, expected: dict[str, int]
) -> None:
    deleted = Path(built.folder) / RESULTS / "shaking_hands" / name
    kept = deleted.read_bytes()
    deleted.unlink()
    plan = built.plan(*CONFIG)
    deleted.write_bytes(kept)
    assert plan.jobs == {**expected, "summarise": 1, "report": 1}, plan.text
