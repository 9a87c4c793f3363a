"""The whole pipeline through Snakemake, on the real small Mochi and judge, as small as it gets."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.workflow.checkout import REPOSITORY, Checkout, copy_workflow

from dreamrelation import tables
from dreamrelation.masks.encoding import stored_masks

TINY = """
relations: [shaking_hands]
puppets: {good_clips: 3}
clips: {per_relation: 3, minimum: 2}
training: {steps: 4, warmup_steps: 1, batch_size: 1, checkpoint_every: 2}
generation: {subjects: [[dog, cat]], videos_per_prompt: 1, sampling_steps: 2}
"""
CONFIG = ("--configfile", "config.yaml", "tiny.yaml")
RESULTS = "results/puppets"
METHODS = ("base", "direct_lora", "dreamrelation")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which everything was made with the tiny settings."""
    checkout = copy_workflow(tmp_path_factory.mktemp("pipeline"))
    models = checkout.folder / "data/puppets/models"
    shutil.rmtree(models)
    shutil.copytree(REPOSITORY / "data/puppets/models", models)
    (checkout.folder / "tiny.yaml").write_text(TINY, encoding="utf-8")
    answer = checkout.snakemake(*CONFIG)
    assert answer.status == 0, answer.text[-6000:]
    return checkout


def test_everything_is_there_and_a_second_run_has_nothing_to_do(built: Checkout) -> None:
    report = built.folder / RESULTS / "report/index.html"
    assert "shaking hands" in report.read_text(encoding="utf-8")
    assert built.plan(*CONFIG).nothing_to_do


def test_the_evaluation_compares_all_methods(built: Checkout) -> None:
    content = json.loads((built.folder / RESULTS / "shaking_hands/evaluation.json").read_text(encoding="utf-8"))
    assert tuple(content["methods"]) == METHODS
    for method in METHODS:
        accuracy = content["methods"][method]["relation_accuracy"]
        assert accuracy["count"] == 1 and 0 <= accuracy["low"] <= accuracy["mean"] <= accuracy["high"] <= 1
    assert content["controls"]["positive"]["count"] == 3


def test_tables_between_the_stages_keep_their_contracts(built: Checkout) -> None:
    results = built.folder / RESULTS
    index = tables.read(results / "clips/index.parquet", tables.INDEX).to_pylist()
    selection = tables.read(results / "clips/selection.parquet", tables.SELECTION).to_pylist()
    chosen = {row["clip"] for row in selection}
    assert {row["clip"] for row in index if row["verdict"] == "selected"} == chosen and len(chosen) == 3
    assert all(row["reason"] for row in index if row["verdict"] == "refused")
    masks = tables.read(results / "shaking_hands/masks.parquet", tables.MASKS)
    latents = tables.read(results / "shaking_hands/latents.parquet", "latents")
    assert latents.column("clip").to_pylist() == [row["clip"] for row in selection]
    assert pq.ParquetFile(results / "shaking_hands/latents.parquet").num_row_groups == 3
    union = tables.tensors(latents, "mask_relation").astype("float32")
    subjects = [tables.tensors(latents, f"mask_subject{k}").astype("float32") for k in (1, 2)]
    assert union.max() <= 1 and (union >= subjects[0] - 1e-3).all() and (union <= sum(subjects) + 2e-3).all()
    first = stored_masks(masks, selection[0]["clip"], selection[0]["pixel_frames"])
    assert abs(first.any(axis=1)[0].mean() - union[0, 0].mean()) < 1e-3


def test_settings_stand_beside_every_output(built: Checkout) -> None:
    results = built.folder / RESULTS
    beside = ("clips/settings.yaml", "captions.settings.yaml", "shaking_hands/masks.settings.yaml",
              "shaking_hands/latents.settings.yaml", "shaking_hands/dreamrelation/training.settings.yaml",
              "shaking_hands/dreamrelation/videos.settings.yaml", "shaking_hands/base/scores.settings.yaml",
              "tables/scores.settings.yaml")  # fmt: skip
    missing = [name for name in beside if not (results / name).is_file()]
    assert not missing


def test_adapters_and_curves_of_each_method(built: Checkout) -> None:
    results = built.folder / RESULTS / "shaking_hands"
    files = {path.stem for path in (results / "dreamrelation/adapters").glob("*.safetensors")}
    assert files == {"relation", "subject1", "subject2", "ffn"}
    assert [path.stem for path in (results / "direct_lora/adapters").glob("*.safetensors")] == ["direct"]
    rows = tables.read(results / "dreamrelation/training.parquet", tables.TRAINING).to_pylist()
    assert [row["step"] for row in rows] == [0, 1, 2, 3]
    assert not (results / "dreamrelation/resume").exists()


def test_a_deleted_stage_rebuilds_what_follows_and_nothing_else(built: Checkout) -> None:
    scores = Path(built.folder) / RESULTS / "shaking_hands/base/scores.parquet"
    kept = scores.read_bytes()
    scores.unlink()
    plan = built.plan(*CONFIG)
    scores.write_bytes(kept)
    assert set(plan.jobs) == {"evaluate", "summarise", "report"}, plan.text
