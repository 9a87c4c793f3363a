"""The real classes of transformers' SAM 2 video, small and with random weights."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.segmentation.conftest import render_clip
from tests.segmentation.parts import TwoBoxes
from transformers import (
    Sam2ImageProcessor,
    Sam2VideoConfig,
    Sam2VideoModel,
    Sam2VideoProcessor,
    Sam2VideoVideoProcessor,
)

from dreamrelation.errors import UserError
from dreamrelation.segmentation.identity import widest_frame
from dreamrelation.segmentation.interface import ClipView, UnusableClip
from dreamrelation.segmentation.sam2.segmenter import Sam2, gap
from dreamrelation.segmentation.sam2.settings import Sam2Settings
from dreamrelation.settings.machine import MachineSettings

MACHINE = MachineSettings(device="cpu", segmentation_batch=2)
SIDE = 128
BOXES = {"kind": "tests.segmentation.parts:TwoBoxes"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the hub has it: a SAM 2 of four blocks for pictures of 128 pixels, and its processor."""
    folder = tmp_path_factory.mktemp("sam2")
    torch.manual_seed(0)
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 16,
        "image_size": [SIDE, SIDE],
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": [16, 32, 64, 128],
        "num_attention_heads_per_stage": [1, 1, 2, 2],
        "window_size_per_stage": [8, 4, 4, 2],
        "global_attention_blocks": [3],
    }
    vision = {
        "backbone_config": backbone,
        "backbone_channel_list": [128, 64, 32, 16],
        "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]],
    }
    config = Sam2VideoConfig(
        vision_config=vision,
        prompt_encoder_config={"image_size": SIDE},
        mask_decoder_config={"mlp_dim": 64},
        memory_attention_num_layers=1,
        memory_attention_feed_forward_hidden_size=64,
        memory_attention_rope_feat_sizes=[8, 8],
        memory_fuser_num_layers=1,
        image_size=SIDE,
    )
    Sam2VideoModel(config).save_pretrained(folder)
    size = {"height": SIDE, "width": SIDE}
    Sam2VideoProcessor(Sam2ImageProcessor(size=size), Sam2VideoVideoProcessor(size=size)).save_pretrained(folder)
    return folder


def segmenter(model: Path, **given: Any) -> Sam2:
    return Sam2(Sam2Settings.model_validate({"model": str(model), **given}), MACHINE)


@pytest.fixture(scope="module")
def view() -> ClipView:
    return render_clip("hugging", 1).view()


def test_a_clip_is_asked_about_once_and_followed_both_ways(model: Path, view: ClipView) -> None:
    found = segmenter(model).segment(view)
    frames, height, width = view.frames.shape[:3]
    assert found.masks.shape == (frames, 2, height, width) and found.masks.dtype == bool
    assert not (found.masks[:, 0] & found.masks[:, 1]).any()
    assert found.order == "kept" and found.scores["certainty"].shape == (frames, 2)
    assert ((found.scores["certainty"] >= 0) & (found.scores["certainty"] <= 1)).all()


def test_the_question_is_asked_in_the_widest_frame_with_joints_and_their_boxes(model: Path, view: ClipView) -> None:
    question = segmenter(model)._question(view)
    assert question.frame == widest_frame(view.needed_joints())
    assert question.points is not None
    places = view.needed_joints().places[question.frame]
    for subject in range(2):
        low, high = question.boxes[subject, :2], question.boxes[subject, 2:]
        assert (places[subject] >= low - 1).all() and (places[subject] <= high + 1).all()


def test_without_a_skeleton_a_detector_is_asked_about_key_frames(model: Path, view: ClipView) -> None:
    own = dataclasses.replace(view, joints=None)
    made = segmenter(model, detector=BOXES, key_frame_step=3)
    question = made._question(own)
    assert question.points is None and question.frame == 0
    np.testing.assert_array_equal(np.sort(question.boxes[:, 0]), [5, 50])
    assert isinstance(made.detector, TwoBoxes) and made.detector.batches == [2, 1]
    assert made.segment(own).masks.shape[:2] == (len(view.frames), 2)
    with pytest.raises(UnusableClip, match="found no two distinct boxes in any of 3 key frames"):
        segmenter(model, detector=BOXES | {"found": 1}, key_frame_step=3).segment(own)
    with pytest.raises(UserError, match="found no skeleton, expected masks.segmenter.detector"):
        segmenter(model).segment(own)


def test_what_it_says_does_not_depend_on_what_was_asked_before(model: Path, view: ClipView) -> None:
    made = segmenter(model)
    first = made.segment(view)
    made.segment(dataclasses.replace(view, frames=view.frames[::-1].copy()))
    np.testing.assert_array_equal(made.segment(view).masks, first.masks)


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"masks\.segmenter\.model .*nowhere.*: cannot be loaded"):
        segmenter(tmp_path / "nowhere")


def test_the_gap_of_two_boxes_is_in_heights() -> None:
    assert gap(np.array([[0.0, 0, 10, 20], [30, 0, 40, 20]])) == pytest.approx(1.5)
