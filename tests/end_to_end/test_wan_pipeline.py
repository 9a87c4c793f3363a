"""The whole pipeline through Snakemake with another backbone: a tiny random Wan in the puppet theatre."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from safetensors import safe_open
from tests.end_to_end.test_pipeline import TINY
from tests.small_wan import TEXT_WIDTH, write_random_wan
from tests.workflow.checkout import Checkout, copy_workflow, real_models

from dreamrelation.backbones.wan.spec import NEGATIVE_PROMPT
from dreamrelation.tables.rows import SELECTION, TRAINING, VIDEOS
from dreamrelation.video import decode

# The theatre films 10 frames per second, of which Wan's 16 cannot be made without many a repeated one.
# Wan's own guidance, frames per second and negative prompt, where the default experiment has others.
WAN = """
experiment: wan
model: {kind: wan, path: wan, precision: float32}
clips: {pixel_frames: [21], frames_per_second: 10}
generation: {pixel_frames: 21, sampling_steps: 8, guidance_scale: null, frames_per_second: null}
methods:
  direct_lora: null
  dreamrelation: null
  relation_in_text:
    kind: lora
    placement: {relation: [cross_query, cross_key], subject1: [cross_value], subject2: [cross_value], ffn: [output]}
  reversion: {kind: textual_inversion, contrastive: {}}
  motion_inversion: {kind: motion_embedding}
metrics:
  joint_accuracy: null
  relation_accuracy: null
  subject_accuracy: null
  appearance_leakage: null
  temporal_consistency: null
"""
TRAINED = {
    "relation_in_text": {"relation", "subject1", "subject2", "ffn"},
    "reversion": {"word"},
    "motion_inversion": {"motion"},
}
"""Method → what it saves."""
CONFIG = ("--configfile", "tiny.yaml", "wan.yaml")
RESULTS = "results/wan/shaking_hands"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, warm: Path) -> Checkout:
    """A checkout in which everything was made with the tiny Wan."""
    checkout = copy_workflow(tmp_path_factory.mktemp("wan_pipeline"), warm)
    real_models(checkout)
    write_random_wan(checkout.folder / "wan")
    (checkout.folder / "tiny.yaml").write_text(TINY, encoding="utf-8")
    (checkout.folder / "wan.yaml").write_text(WAN, encoding="utf-8")
    answer = checkout.snakemake(*CONFIG)
    assert answer.status == 0, answer.text[-6000:]
    return checkout


def test_clips_and_latents_follow_the_rules_of_wan(built: Checkout) -> None:
    clips = SELECTION.read(built.folder / "results/wan/clips/selection.parquet")
    assert {clip.pixel_frames for clip in clips} == {21}
    schema = pq.read_schema(built.folder / RESULTS / "latents.parquet")
    assert schema.field("mean").type.shape == [16, 6, 8, 12], "4k+1 frames in k+1, 8 pixels a cell"
    assert schema.field("mask_relation").type.shape == [6, 8, 12]


def test_the_publishers_negative_prompt_is_embedded(built: Checkout) -> None:
    table = pq.read_table(built.folder / RESULTS / "prompts.parquet")
    assert NEGATIVE_PROMPT in table.column("text").to_pylist()
    assert table.schema.field("embedding").type.shape == [32, TEXT_WIDTH]


@pytest.mark.parametrize("method", ["base", *TRAINED])
def test_videos_have_the_publishers_guidance_and_pace(built: Checkout, method: str) -> None:
    folder = built.folder / RESULTS / method
    (video,) = VIDEOS.read(folder / "videos.parquet")
    assert (video.sampling_steps, video.guidance_scale, video.frames_per_second) == (8, 5.0, 16)
    frames = np.stack(list(decode(folder / video.file)))
    assert frames.shape == (21, 64, 96, 3)


@pytest.mark.parametrize("method", TRAINED)
def test_each_method_learns_and_saves_its_own(built: Checkout, method: str) -> None:
    folder = built.folder / RESULTS / method
    assert {path.stem for path in (folder / "adapters").glob("*.safetensors")} == TRAINED[method]
    rows = TRAINING.read(folder / "training.parquet")
    assert [row.step for row in rows] == [0, 1, 2, 3]
    assert all(value > 0 for row in rows for value in row.terms.values())


def test_a_placement_names_the_layers_of_cross_attention(built: Checkout) -> None:
    with safe_open(built.folder / RESULTS / "relation_in_text/adapters/relation.safetensors", "pt") as file:
        modules = {name.split(".lora_")[0] for name in file.keys()}  # noqa: SIM118 - a file is no mapping
    assert modules == {f"transformer.blocks.{n}.attn2.{layer}" for n in (0, 1) for layer in ("to_q", "to_k")}


def test_all_methods_are_evaluated_and_shown(built: Checkout) -> None:
    content = json.loads((built.folder / RESULTS / "evaluation.json").read_text(encoding="utf-8"))
    assert set(content["methods"]) == {"base", *TRAINED}
    for scores in content["methods"].values():
        assert {name: score["count"] for name, score in scores.items()} == {"motion": 1}
    page = (built.folder / "results/wan/report/index.html").read_text(encoding="utf-8")
    assert "relation_in_text" in page or "Relation in text" in page
    assert built.plan(*CONFIG).nothing_to_do
