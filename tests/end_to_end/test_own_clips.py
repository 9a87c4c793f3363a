"""A folder of plain MP4s, without skeletons, becomes a LoRA: the example of docs/own_clips.md, as small as it gets.

The theatre draws the folder. Then nothing is left of the theatre: the experiment has no puppets, as somebody's own.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from safetensors import safe_open
from tests.workflow.checkout import Checkout, copy_workflow, real_models

from dreamrelation.tables.rows import INDEX, MASKS, SELECTION, VIDEOS

OWN = """
experiment: mine
relations: [bowing]
puppets: null
data: {source: folder, folder: my_clips}
clips: {per_relation: 4, minimum: 3}
masks: {truth: true_masks.parquet}
machine: {checkpoint_every: 2}
training: {steps: 4, warmup_steps: 1, batch_size: 1}
methods: {base: null, direct_lora: null}
generation: {subjects: [[dog, cat]], videos_per_prompt: 1, sampling_steps: 2}
analysis: {subspaces: null, strength: null, feature_maps: null}
metrics:
  joint_accuracy: null
  relation_accuracy: null
  subject_accuracy: null
  appearance_leakage: null
  temporal_consistency: null
"""
DRAWN = ("--configfile", "configs/own_clips.yaml", "--config", "puppets={good_clips: 4}", "relations=[bowing]")
CONFIG = ("--configfile", "mine.yaml")
RESULTS = "results/mine"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which the folder was drawn, moved away from the theatre, and learnt from."""
    checkout = copy_workflow(tmp_path_factory.mktemp("own_clips"))
    real_models(checkout)
    drawn = checkout.snakemake(*DRAWN, "--", "data/puppets/own_clips/manifest.json")
    assert drawn.status == 0, drawn.text[-3000:]
    played = checkout.folder / "data/puppets/own_clips"
    shutil.move(played / "clips", checkout.folder / "my_clips")
    shutil.move(played / "true_masks.parquet", checkout.folder / "true_masks.parquet")
    shutil.rmtree(played)
    (checkout.folder / "mine.yaml").write_text(OWN, encoding="utf-8")
    answer = checkout.snakemake(*CONFIG)
    assert answer.status == 0, answer.text[-6000:]
    return checkout


def test_the_folder_is_what_somebody_films(built: Checkout) -> None:
    clips = built.folder / "my_clips"
    files = {path.relative_to(clips).as_posix() for path in clips.rglob("*.*")}
    assert files == {"bowing/relation.yaml", *(f"bowing/{n:02d}.mp4" for n in range(1, 7))}
    says = yaml.safe_load((clips / "bowing/relation.yaml").read_text(encoding="utf-8"))
    assert says["predicate"] == "is bowing to {other}"


def test_every_clip_is_accounted_for(built: Checkout) -> None:
    index = INDEX.read(built.folder / RESULTS / "clips/index.parquet")
    refused = [row for row in index if row.verdict == "refused"]
    assert len(index) == 6 and len(refused) == 2 and all(row.reason for row in refused)
    assert len(SELECTION.read(built.folder / RESULTS / "clips/selection.parquet")) == 4


def test_masks_without_skeletons_are_the_true_ones(built: Checkout) -> None:
    rows = MASKS.read(built.folder / RESULTS / "bowing/masks.parquet")
    for subject in (1, 2):
        overlaps = [row.truth_iou for row in rows if row.subject == subject]
        assert np.median([value for value in overlaps if value is not None]) >= 0.9


def test_it_ends_at_a_lora_and_a_video(built: Checkout) -> None:
    of_relation = built.folder / RESULTS / "bowing"
    (file,) = (of_relation / "dreamrelation/export").glob("bowing_dreamrelation.safetensors")
    with safe_open(file, "pt") as content:
        assert any(".lora_B.weight" in name for name in content.keys())  # noqa: SIM118
    (video,) = VIDEOS.read(of_relation / "dreamrelation/videos.parquet")
    assert video.prompt == "A dog is bowing to a cat."
    evaluation = json.loads((of_relation / "evaluation.json").read_text(encoding="utf-8"))
    assert evaluation["methods"]["dreamrelation"]["motion"]["count"] == 1
    assert (Path(built.folder) / RESULTS / "report/index.html").is_file()
