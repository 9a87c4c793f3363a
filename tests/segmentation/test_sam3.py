"""The real classes of transformers' SAM 3 video, small and with random weights, and which objects are the subjects."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.segmentation.conftest import render_clip
from transformers import (
    CLIPTokenizerFast,  # pyright: ignore[reportAttributeAccessIssue]
    Sam2VideoVideoProcessor,
    Sam3ImageProcessor,
    Sam3VideoConfig,
    Sam3VideoModel,
    Sam3VideoProcessor,
)

from dreamrelation.errors import UserError
from dreamrelation.segmentation.interface import ClipView, JointView, UnusableClip
from dreamrelation.segmentation.sam3.segmenter import Followed, Sam3, _most_seen, _with_joints
from dreamrelation.segmentation.sam3.settings import Sam3Settings
from dreamrelation.settings.machine import MachineSettings

MACHINE = MachineSettings(device="cpu")
SIDE = 112
WIDTH = 128
"""The tracker needs more than the 64 channels of its memory."""
SMALL: dict[str, Any] = {"hidden_size": WIDTH, "num_attention_heads": 2}
LAYER = SMALL | {"num_layers": 1, "intermediate_size": 64}
VISION = {
    "model_type": "sam3_vision_model",
    "backbone_config": {
        "model_type": "sam3_vit_model",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": SIDE,
        "pretrain_image_size": SIDE,
        "patch_size": 14,
        "window_size": 4,
        "global_attn_indexes": [1],
    },
    "fpn_hidden_size": WIDTH,
    "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]],
}
TEXT = {
    "model_type": "clip_text_model",
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 64,
    "projection_dim": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "max_position_embeddings": 32,
    "bos_token_id": 1,
    "eos_token_id": 0,
}
DETECTOR = {
    "model_type": "sam3",
    "vision_config": VISION,
    "text_config": TEXT,
    "geometry_encoder_config": LAYER,
    "detr_encoder_config": LAYER,
    "detr_decoder_config": LAYER | {"num_queries": 8},
    "mask_decoder_config": SMALL,
}
TRACKER = {
    "model_type": "sam3_tracker_video",
    "vision_config": VISION,
    "image_size": SIDE,
    "prompt_encoder_config": {"hidden_size": WIDTH, "image_size": SIDE},
    "mask_decoder_config": SMALL | {"mlp_dim": 64, "iou_head_hidden_dim": 32},
    "memory_attention_hidden_size": WIDTH,
    "memory_attention_num_layers": 1,
    "memory_attention_feed_forward_hidden_size": 64,
    "memory_attention_rope_feat_sizes": [8, 8],
    "memory_encoder_hidden_size": WIDTH,
    "mask_downsampler_embed_dim": WIDTH,
    "memory_fuser_embed_dim": WIDTH,
    "memory_fuser_intermediate_dim": 64,
    "memory_fuser_num_layers": 1,
}


def tokenizer() -> CLIPTokenizerFast:
    """One token a letter."""
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = ["<|endoftext|>", "<|startoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
    end = pieces[0]
    return CLIPTokenizerFast(
        vocab={piece: at for at, piece in enumerate(pieces)},
        merges=[],
        unk_token=end,
        bos_token=pieces[1],
        eos_token=end,
        pad_token=end,
    )


def write_model(folder: Path, **thresholds: float) -> Path:
    """A folder as the hub has it. What its tracker follows is always there, or random weights would lose all of it."""
    torch.manual_seed(0)
    config = Sam3VideoConfig(detector_config=DETECTOR, tracker_config=TRACKER, low_res_mask_size=32, **thresholds)  # pyright: ignore
    model = Sam3VideoModel(config)
    with torch.no_grad():
        model.get_parameter("tracker_model.mask_decoder.pred_obj_score_head.proj_out.bias").fill_(10.0)
    model.save_pretrained(folder)
    size = {"height": SIDE, "width": SIDE}
    Sam3VideoProcessor(Sam3ImageProcessor(size=size), Sam2VideoVideoProcessor(size=size), tokenizer()).save_pretrained(
        folder
    )
    return folder


def segmenter(model: Path) -> Sam3:
    return Sam3(Sam3Settings.model_validate({"model": str(model)}), MACHINE)


@pytest.fixture(scope="module")
def follower(tmp_path_factory: pytest.TempPathFactory) -> Sam3:
    """Every one of eight queries finds something in the first frame, and it is followed."""
    folder = tmp_path_factory.mktemp("sam3")
    easy = {"score_threshold_detection": 0.0, "new_det_thresh": 0.0, "assoc_iou_thresh": 0.0}
    at_once = {"hotstart_delay": 0, "hotstart_unmatch_thresh": 0, "hotstart_dup_thresh": 0}
    return segmenter(write_model(folder, **easy, **at_once, trk_assoc_iou_thresh=0.0))


@pytest.fixture(scope="module")
def view() -> ClipView:
    return render_clip("hugging", 1).view()


def test_what_a_word_names_is_followed_through_the_clip(follower: Sam3, view: ClipView) -> None:
    frames, height, width = view.frames.shape[:3]
    followed = follower._followed(view.frames)
    assert followed.masks.shape == (frames, 8, height, width) and followed.masks.dtype == bool
    assert (followed.masks.sum(axis=1) <= 1).all(), "no pixel belongs to two"
    assert followed.seen.max() > frames / 2, "an object keeps its name"
    assert ((followed.scores >= 0) & (followed.scores <= 1)).all()
    for own in (view, dataclasses.replace(view, joints=None)):
        found = follower.segment(own)
        assert found.masks.shape == (frames, 2, height, width) and found.order == "kept"
        assert not (found.masks[:, 0] & found.masks[:, 1]).any()
        assert found.scores["certainty"].shape == (frames, 2)
        np.testing.assert_array_equal(follower.segment(own).masks, found.masks)


def test_a_clip_in_which_nothing_is_found_is_refused(tmp_path: Path, view: ClipView) -> None:
    strict = segmenter(write_model(tmp_path / "strict", new_det_thresh=1.0))
    with pytest.raises(UnusableClip, match="found 0 of what the prompt names, expected 2 or more"):
        strict.segment(view)


def test_without_skeletons_the_subjects_are_seen_longest_and_surest() -> None:
    masks = np.zeros((4, 4, 2, 2), bool)
    masks[:, 0, 0, 0], masks[:2, 1, 0, 1], masks[:, 2, 1, 0], masks[:, 3, 1, 1] = True, True, True, True
    scores = np.tile([0.5, 1.0, 0.9, 0.7], (4, 1))
    assert _most_seen(Followed(masks, scores)).tolist() == [2, 3]


def test_with_skeletons_the_subjects_hold_their_joints() -> None:
    take = render_clip("hugging", 1).take
    truth, joints = take.masks, JointView(take.joints, np.ones(take.joints.shape[:3], bool))
    nobody = np.zeros_like(truth[:, :1])
    nobody[:, :, :3, :3] = True
    masks = np.concatenate([nobody, truth[:, ::-1], nobody], axis=1)
    assert _with_joints(Followed(masks, np.ones(masks.shape[:2])), joints).tolist() == [2, 1]


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"masks\.segmenter\.model .*nowhere.*: cannot be loaded"):
        segmenter(tmp_path / "nowhere")
