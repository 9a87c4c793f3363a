"""One part of each seam from outside the package, by import path, through the whole pipeline."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.end_to_end.test_pipeline import TINY
from tests.workflow.checkout import Checkout, copy_workflow, real_models

from dreamrelation.tables.rows import MASKS, SCORES, SET_SCORES, TRAINING, VIDEOS

OUTSIDE = """
masks:
  segmenter: {kind: "my_lab.segmenter:Discs", radius_share: 0.12}
  minimum_joints_inside: 0.1
  maximum_area_jump: 20.0
model: {kind: "my_lab.backbone:OtherMochi", path: data/puppets/models/mochi, precision: float32}
methods:
  base: null
  direct_lora: null
  dreamrelation: null
  token_and_motion: {kind: "my_lab.method:TokenAndMotion", learning_rate: 0.1}
generation: {sampling_steps: null, frames_per_second: null}
metrics:
  joint_accuracy: null
  relation_accuracy: null
  subject_accuracy: null
  appearance_leakage: null
  temporal_consistency: null
  motion: null
  brightness: {kind: "my_lab.metrics:Brightness"}
  colour_distance: {kind: "my_lab.metrics:ColourDistance"}
"""
CONFIG = ("--configfile", "tiny.yaml", "outside.yaml")
LAB = Path(__file__).parent / "my_lab"
OF_RELATION = "results/puppets/shaking_hands"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, warm: Path) -> Checkout:
    """A checkout in which everything was made by parts of `my_lab`."""
    copy = copy_workflow(tmp_path_factory.mktemp("outside"), warm)
    labs = copy.folder / "labs"
    shutil.copytree(LAB, labs / "my_lab", ignore=shutil.ignore_patterns("__pycache__"))
    checkout = replace(copy, more_paths=(str(labs),))
    real_models(checkout)
    (checkout.folder / "tiny.yaml").write_text(TINY, encoding="utf-8")
    (checkout.folder / "outside.yaml").write_text(OUTSIDE, encoding="utf-8")
    answer = checkout.snakemake(*CONFIG)
    assert answer.status == 0, answer.text[-6000:]
    return checkout


def test_the_segmenter_is_used(built: Checkout) -> None:
    rows = MASKS.read(built.folder / OF_RELATION / "masks.parquet")
    assert rows and all(0.02 < row.area_share < 0.08 for row in rows), "discs of a fixed radius, less their overlap"


def test_the_backbone_brings_its_defaults(built: Checkout) -> None:
    (row,) = VIDEOS.read(built.folder / OF_RELATION / "token_and_motion/videos.parquet")
    assert (row.sampling_steps, row.frames_per_second, row.guidance_scale) == (4, 7, 3.0)


def test_the_method_trains_through_the_text_encoder_and_words_its_prompts(built: Checkout) -> None:
    folder = built.folder / OF_RELATION / "token_and_motion"
    learned = load_file(folder / "adapters/token_and_motion.safetensors")
    encoder = load_file(built.folder / "data/puppets/models/mochi/text_encoder/model.safetensors")
    table = encoder["shared.weight"]
    assert not bool((table == learned["token"]).all(dim=1).any()), "the token has not moved"
    assert bool((learned["motion"] != 0).any()) and bool(torch.isfinite(learned["motion"]).all())
    rows = TRAINING.read(folder / "training.parquet")
    assert all(row.role == "all" and set(row.terms) == {"denoising"} for row in rows)
    (video,) = VIDEOS.read(folder / "videos.parquet")
    assert video.prompt == "A dog is shaking hands with a cat." and video.text == "A dog hugging a cat."


def test_the_metrics_are_taken_and_shown(built: Checkout) -> None:
    folder = built.folder / OF_RELATION
    (score,) = SCORES.read(folder / "token_and_motion/scores/brightness.parquet")
    (distance,) = SET_SCORES.read(folder / "token_and_motion/scores/colour_distance.parquet")
    assert score.value is not None and 0 < score.value < 255
    assert (distance.count, distance.reference_count) == (1, 3) and distance.value is not None
    content = json.loads((folder / "evaluation.json").read_text())
    numbers = content["methods"]["token_and_motion"]
    assert numbers["colour_distance"]["mean"] == distance.value and numbers["brightness"]["mean"] == score.value
    page = (built.folder / "results/puppets/report/index.html").read_text(encoding="utf-8")
    assert "Colour distance" in page and "Brightness" in page


def test_an_edited_part_reruns_what_it_makes(built: Checkout) -> None:
    assert built.plan(*CONFIG).nothing_to_do
    source = built.folder / "labs/my_lab/metrics.py"
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace('"""A metric of one video', '"""One metric of one video'), encoding="utf-8")
    assert built.plan(*CONFIG).nothing_to_do
    source.write_text(text.replace("video.frames.mean()", "video.frames.max()"), encoding="utf-8")
    jobs = built.plan(*CONFIG).jobs
    source.write_text(text, encoding="utf-8")
    assert jobs == {"evaluate": 2, "summarise": 1, "compare": 1, "report": 1}
