"""The real classes of groundingdino-py and segment-anything, small and with random weights."""

import dataclasses
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from groundingdino.models.GroundingDINO.backbone.swin_transformer import SwinTransformer
from segment_anything import sam_model_registry
from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer
from tests.segmentation.parts import TwoBoxes
from transformers import BertConfig, BertModel, BertTokenizerFast  # pyright: ignore[reportAttributeAccessIssue]

from dreamrelation.errors import UserError
from dreamrelation.segmentation.checkpoints import load_weights, read_checkpoint
from dreamrelation.segmentation.detectors.bert_for_grounding_dino import BertForGroundingDino
from dreamrelation.segmentation.detectors.grounding_dino import GroundingDino, build_detector
from dreamrelation.segmentation.detectors.settings import GroundingDinoSettings
from dreamrelation.segmentation.grounded_sam.segment_anything_model import Prompts, SegmentAnything
from dreamrelation.segmentation.grounded_sam.segmenter import GroundedSam, between, in_order_of, key_frames
from dreamrelation.segmentation.grounded_sam.settings import GroundedSamSettings
from dreamrelation.segmentation.interface import Boxes, ClipView, JointView, UnusableClip
from dreamrelation.segmentation.pixels import exclusive, tidied
from dreamrelation.segmentation.points import Points
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.masks import MaskSettings
from dreamrelation.settings.registry import implementation_of

MACHINE = MachineSettings(device="cpu", segmentation_batch=3)
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "person", "dog"]
DETECTOR = """
modelname = "groundingdino"
backbone = "swin_T_224_1k"
position_embedding = "sine"
pe_temperatureH = pe_temperatureW = 20
return_interm_indices = [1, 2, 3]
backbone_freeze_keywords = None
enc_layers = dec_layers = 1
pre_norm = False
dim_feedforward = 64
hidden_dim = 256
dropout = 0.0
nheads = 4
num_queries = 12
query_dim = 4
num_patterns = 0
num_feature_levels = 4
enc_n_points = dec_n_points = 4
two_stage_type = "standard"
two_stage_bbox_embed_share = two_stage_class_embed_share = False
transformer_activation = "relu"
dec_pred_bbox_embed_share = True
dn_box_noise_scale = 1.0
dn_label_noise_ratio = 0.5
dn_labelbook_size = 10
embed_init_tgt = True
max_text_len = 256
text_encoder_type = "bert-base-uncased"
use_text_enhancer = use_fusion_layer = use_text_cross_attention = True
use_checkpoint = use_transformer_ckpt = True
text_dropout = fusion_dropout = 0.0
fusion_droppath = 0.1
sub_sentence_present = True
"""


def tiny_bert_config() -> BertConfig:
    return BertConfig(
        vocab_size=len(WORDS),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )


def tiny_sam(checkpoint: None = None) -> Sam:
    side, patch, width = 256, 16, 32
    return Sam(
        image_encoder=ImageEncoderViT(
            img_size=side,
            patch_size=patch,
            embed_dim=32,
            depth=2,
            num_heads=2,
            mlp_ratio=2,
            out_chans=width,
            qkv_bias=True,
            norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),  # pyright: ignore[reportArgumentType]
            use_rel_pos=True,
            window_size=14,
            global_attn_indexes=(1,),
        ),
        prompt_encoder=PromptEncoder(width, (side // patch, side // patch), (side, side), 16),
        mask_decoder=MaskDecoder(
            transformer_dim=width,
            transformer=TwoWayTransformer(depth=2, embedding_dim=width, mlp_dim=64, num_heads=2),
            num_multimask_outputs=3,
            iou_head_depth=2,
            iou_head_hidden_dim=32,
        ),
    )


def tiny_swin(name: str, **options: Any) -> SwinTransformer:
    return SwinTransformer(embed_dim=24, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 2], window_size=7, **options)


@pytest.fixture(scope="module")
def small_builders() -> Iterator[None]:
    """The libraries' own builders know large sizes only."""
    with pytest.MonkeyPatch.context() as patch:
        module = import_module("groundingdino.models.GroundingDINO.backbone.backbone")
        patch.setattr(module, "build_swin_transformer", tiny_swin)
        patch.setitem(sam_model_registry, "vit_b", tiny_sam)
        yield


@pytest.fixture(scope="module")
def settings(tmp_path_factory, small_builders) -> GroundedSamSettings:
    """Settings that name checkpoints of random weights, saved as the authors save theirs."""
    folder: Path = tmp_path_factory.mktemp("weights")
    bert = folder / "bert"
    bert.mkdir()
    (bert / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    BertTokenizerFast(vocab=str(bert / "vocab.txt")).save_pretrained(bert)
    tiny_bert_config().save_pretrained(bert)
    (folder / "tiny_cfg.py").write_text(DETECTOR, encoding="utf-8")
    detector = GroundingDinoSettings(
        checkpoint=str(folder / "dino.pth"),
        config=str(folder / "tiny_cfg.py"),
        text_encoder=str(bert),
        box_threshold=0.0,
        text_threshold=0.0,
        short_side=64,
    )
    torch.manual_seed(0)
    weights = {f"module.{name}": value for name, value in build_detector(detector).state_dict().items()}
    weights |= {"module.label_enc.weight": torch.zeros(3), "module.bert.embeddings.position_ids": torch.zeros(3)}
    torch.save({"model": weights}, detector.checkpoint)
    torch.save(tiny_sam().state_dict(), folder / "sam.pth")
    return GroundedSamSettings(detector=detector, checkpoint=str(folder / "sam.pth"), architecture="vit_b")


@pytest.fixture(scope="module")
def detector_settings(settings) -> GroundingDinoSettings:
    assert isinstance(settings.detector, GroundingDinoSettings)
    return settings.detector


@pytest.fixture(scope="module")
def segmenter(settings) -> GroundedSam:
    """As the configuration says it, with all that belongs to it."""
    read = MaskSettings.model_validate({"segmenter": settings.model_dump()}).segmenter
    made = implementation_of(read)(read, MACHINE)
    assert isinstance(made, GroundedSam) and isinstance(made.detector, GroundingDino)
    return made


def with_two_boxes(settings: GroundedSamSettings, found: int = 4, batch: int = 3) -> GroundedSam:
    """With a detector from outside the package, which finds four boxes, or less."""
    detector = {"kind": "tests.segmentation.parts:TwoBoxes", "found": found}
    read = GroundedSamSettings.model_validate(settings.model_dump() | {"detector": detector})
    return GroundedSam(read, MACHINE.model_copy(update={"segmentation_batch": batch}))


def view(frames: int = 4) -> ClipView:
    rng = np.random.default_rng(0)
    joints = rng.uniform(0.2, 0.8, (frames, 2, 25, 2)) * [40, 60]
    joints[:, 1, :, 0] += 50
    pictures = rng.integers(0, 256, (frames, 64, 96, 3), dtype=np.uint8)
    return ClipView("clip", pictures, JointView(joints, np.ones((frames, 2, 25), bool)))


def boxes(corners: list[list[float]]) -> Boxes:
    return Boxes(np.array(corners), np.ones(len(corners)))


def test_masks_have_the_views_shape_and_no_pixel_two_owners(segmenter):
    found = segmenter.segment(view())
    assert found.masks.shape == (4, 2, 64, 96) and found.masks.dtype == bool
    assert not found.masks.all(axis=1).any()
    assert {name: score.shape for name, score in found.scores.items()} == {
        "detected": (4, 2),
        "predicted_iou": (4, 2),
    }


def test_detections_do_not_depend_on_the_batch(segmenter):
    frames = view().frames
    together = segmenter.detector.detect(frames)
    for frame, found in zip(frames, together, strict=True):
        alone, *_ = segmenter.detector.detect(frame[None])
        assert len(found.corners) == 12
        order, own_order = np.argsort(found.scores), np.argsort(alone.scores)
        assert np.allclose(found.corners[order], alone.corners[own_order], atol=1e-2)
        assert np.allclose(found.scores[order], alone.scores[own_order], atol=1e-4)


def test_segments_do_not_depend_on_the_batch(segmenter):
    frames = view().frames
    points = Points(np.array([[[20.0, 30], [70, 30]], [[70, 30], [20, 30]]]), np.array([[1, 0], [1, -1]]))
    prompts = [Prompts(boxes([[5.0, 5, 40, 60], [50, 5, 90, 60]]), points)] * len(frames)
    logits, quality = segmenter.sam.segment(frames, prompts)
    assert logits.shape == (4, 2, 64, 96)
    for at in range(len(frames)):
        alone, own_quality = segmenter.sam.segment(frames[at : at + 1], prompts[:1])
        assert np.allclose(logits[at], alone[0], atol=1e-4)
        assert np.allclose(quality[at], own_quality[0], atol=1e-4)


@pytest.mark.parametrize("points", [Points(np.full((2, 1, 2), 30.0), np.full((2, 1), -1)), None])
def test_boxes_matter_with_points_and_without(segmenter, points):
    frames = view(1).frames
    corners = [[5.0, 5, 40, 60], [50, 5, 90, 60]]
    logits, _ = segmenter.sam.segment(frames, [Prompts(boxes(corners), points)])
    moved, _ = segmenter.sam.segment(frames, [Prompts(boxes(corners[::-1]), points)])
    assert not np.allclose(logits, moved)
    assert np.allclose(logits[:, ::-1], moved, atol=1e-4)


def test_points_matter(segmenter):
    frames, where = view(1).frames, boxes([[5.0, 5, 40, 60], [50, 5, 90, 60]])
    places = np.full((2, 1, 2), 30.0)
    inside, outside, without = (
        segmenter.sam.segment(frames, [Prompts(where, points)])[0]
        for points in (Points(places, np.full((2, 1), 1)), Points(places, np.full((2, 1), 0)), None)
    )
    assert not np.allclose(inside, outside) and not np.allclose(inside, without)


def asked(segmenter: GroundedSam, clip: ClipView, monkeypatch: pytest.MonkeyPatch) -> list[Prompts]:
    """The prompts that SAM gets for a clip."""
    seen: list[Prompts] = []
    segment = SegmentAnything.segment

    def listening(self: SegmentAnything, frames: np.ndarray, prompts: list[Prompts]) -> tuple[np.ndarray, np.ndarray]:
        seen.extend(prompts)
        return segment(self, frames, prompts)

    monkeypatch.setattr(SegmentAnything, "segment", listening)
    segmenter.segment(clip)
    return seen


def test_without_joints_sam_gets_the_two_best_boxes_and_no_points(settings, monkeypatch):
    prompts = asked(with_two_boxes(settings), dataclasses.replace(view(), joints=None), monkeypatch)
    assert len(prompts) == 4
    for prompt in prompts:
        assert np.array_equal(prompt.boxes.corners, TwoBoxes.CORNERS[:2]) and prompt.points is None


def test_with_joints_sam_gets_each_subject_s_box_and_points_of_both(settings, monkeypatch):
    clip = view()
    joints = clip.needed_joints()
    turned = dataclasses.replace(clip, joints=JointView(joints.places[:, ::-1].copy(), joints.tracked))
    for prompt in asked(with_two_boxes(settings), turned, monkeypatch):
        assert np.array_equal(prompt.boxes.corners, TwoBoxes.CORNERS[1::-1])
        assert prompt.points is not None and {0, 1} <= set(prompt.points.labels.ravel())


def test_without_joints_masks_are_disjoint_and_both_are_detected(settings):
    found = with_two_boxes(settings).segment(dataclasses.replace(view(), joints=None))
    assert found.masks.shape == (4, 2, 64, 96) and not found.masks.all(axis=1).any()
    assert (found.scores["detected"] == 1).all() and found.scores["predicted_iou"].shape == (4, 2)


def test_one_box_is_enough_with_joints_and_too_few_without(settings):
    lonely = with_two_boxes(settings, found=1)
    assert lonely.segment(view()).scores["detected"].tolist() == [[1, 0]] * 4
    with pytest.raises(UnusableClip, match="frame 0: found 1 distinct boxes, expected 2"):
        lonely.segment(dataclasses.replace(view(), joints=None))


def test_a_frame_without_known_joints_is_named(settings):
    clip = view()
    clip.needed_joints().tracked[3, 1] = False
    with pytest.raises(UnusableClip, match="frame 3: found no known joint of subject 2"):
        with_two_boxes(settings).segment(clip)


def test_the_machine_says_how_many_frames_go_together(settings):
    segmenter = with_two_boxes(settings, batch=3)
    segmenter.segment(view(7))
    assert isinstance(segmenter.detector, TwoBoxes) and segmenter.detector.batches == [3, 3, 1]
    whole = with_two_boxes(settings, batch=7).segment(view(7))
    assert np.array_equal(segmenter.segment(view(7)).masks, whole.masks)


def test_a_detector_may_look_at_key_frames_only(settings):
    sparse = settings.model_copy(update={"key_frame_step": 3})
    made = with_two_boxes(sparse, batch=2)
    clip = dataclasses.replace(view(8), joints=None)
    found = made.segment(clip)
    assert isinstance(made.detector, TwoBoxes) and made.detector.batches == [2, 2], "frames 0, 3, 6 and 7"
    whole = with_two_boxes(settings, batch=8).segment(clip)
    np.testing.assert_array_equal(found.masks, whole.masks)  # as this detector says the same of all frames


def test_between_key_frames_boxes_move_evenly():
    assert key_frames(8, 3).tolist() == [0, 3, 6, 7] and key_frames(7, 3).tolist() == [0, 3, 6]
    values = np.array([[[0.0, 10], [4, 4]], [[6, 40], [4, 4]]])
    filled = between(np.array([0, 3]), values, 4)
    assert filled.shape == (4, 2, 2) and filled[1].tolist() == [[2, 20], [4, 4]]
    left, right = [0.0, 0, 10, 30], [20.0, 0, 30, 30]
    assert in_order_of(np.array([left, right]), np.array([right, left])).tolist() == [left, right]


def test_the_loaded_weights_are_the_saved_ones(segmenter, settings, detector_settings):
    saved = read_checkpoint("x", detector_settings.checkpoint)["model"]
    for name, value in segmenter.detector.model.state_dict().items():
        assert torch.equal(value, saved[f"module.{name}"]), name
    saved = read_checkpoint("x", settings.checkpoint)
    for name, value in segmenter.sam.sam.state_dict().items():
        assert torch.equal(value, saved[name]), name


def test_detectors_thresholds_keep_only_likely_boxes(detector_settings):
    for threshold in ("box_threshold", "text_threshold"):
        strict = detector_settings.model_copy(update={threshold: 1.0})
        found, *_ = GroundingDino(strict, MACHINE).detect(view(1).frames)
        assert found.corners.shape == (0, 4) and found.scores.shape == (0,)


def test_a_prompt_names_something(detector_settings):
    for prompt in ("person", " . "):
        with pytest.raises(UserError, match=r"masks\.segmenter\.detector\.prompt"):
            GroundingDino(detector_settings.model_copy(update={"prompt": prompt}), MACHINE)


def test_a_missing_checkpoint_names_setting_and_path(settings, detector_settings, tmp_path):
    nowhere = {"checkpoint": str(tmp_path / "nowhere.pth")}
    with pytest.raises(UserError, match=r"masks\.segmenter\.detector\.checkpoint: found no file at .*nowhere\.pth"):
        GroundingDino(detector_settings.model_copy(update=nowhere), MACHINE)
    with pytest.raises(UserError, match=r"masks\.segmenter\.checkpoint: found no file at .*nowhere\.pth"):
        GroundedSam(settings.model_copy(update=nowhere), MACHINE)


def test_the_other_model_s_checkpoint_names_the_setting(settings, detector_settings):
    with pytest.raises(UserError, match=r"masks\.segmenter\.detector\.checkpoint: .*sam\.pth does not fit the model"):
        GroundingDino(detector_settings.model_copy(update={"checkpoint": settings.checkpoint}), MACHINE)
    with pytest.raises(UserError, match=r"masks\.segmenter\.checkpoint: .*dino\.pth does not fit the model"):
        SegmentAnything(settings.model_copy(update={"checkpoint": detector_settings.checkpoint}), MACHINE)


def test_a_missing_text_encoder_or_config_is_named(detector_settings, tmp_path):
    with pytest.raises(UserError, match=r"masks\.segmenter\.detector\.text_encoder"):
        build_detector(detector_settings.model_copy(update={"text_encoder": str(tmp_path)}))
    with pytest.raises(UserError, match=r"masks\.segmenter\.detector\.config"):
        build_detector(detector_settings.model_copy(update={"config": str(tmp_path / "none.py")}))


def test_a_gpu_that_is_not_there_is_named_before_anything_is_loaded(settings, detector_settings, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    machine = MachineSettings(device="cuda")
    for build in (lambda: GroundingDino(detector_settings, machine), lambda: SegmentAnything(settings, machine)):
        with pytest.raises(UserError, match="machine.device is cuda"):
            build()


def test_weights_must_fit_exactly(tmp_path):
    linear = torch.nn.Linear(2, 2)
    with pytest.raises(UserError, match="key: file does not fit the model: 1 weights are missing"):
        load_weights(linear, {"weight": torch.zeros(2, 2)}, "key", "file")
    extra = {**linear.state_dict(), "more": torch.zeros(1)}
    with pytest.raises(UserError, match="1 are unknown, such as"):
        load_weights(linear, extra, "key", "file")
    load_weights(linear, extra, "key", "file", unused=frozenset({"more"}))
    with pytest.raises(UserError, match="does not fit"):
        load_weights(linear, {"weight": torch.zeros(3, 2), "bias": torch.zeros(2)}, "key", "file")
    (tmp_path / "junk.pth").write_bytes(b"no checkpoint")
    with pytest.raises(UserError, match=r"key: .*junk\.pth is not a checkpoint"):
        read_checkpoint("key", str(tmp_path / "junk.pth"))


def test_bert_wrapper_equals_bert_under_a_plain_mask():
    torch.manual_seed(0)
    bert = BertModel(tiny_bert_config()).eval()
    tokens = torch.tensor([[2, 7, 5, 3, 0], [2, 8, 8, 5, 3]])
    mask = torch.tensor([[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]])
    with torch.no_grad():
        plain = bert(input_ids=tokens, attention_mask=mask).last_hidden_state
        wrapper = BertForGroundingDino(bert)
        ours = wrapper(tokens, mask)["last_hidden_state"]
        square = wrapper(tokens, mask.bool()[:, None].expand(-1, 5, -1))["last_hidden_state"]
    assert torch.allclose(ours, plain, atol=1e-6) and torch.allclose(square, plain, atol=1e-6)
    assert {name.split(".")[0] for name in wrapper.state_dict()} == {"embeddings", "encoder", "pooler"}


def test_bert_wrapper_keeps_phrases_apart():
    torch.manual_seed(0)
    wrapper = BertForGroundingDino(BertModel(tiny_bert_config()).eval())
    mask = torch.eye(4, dtype=torch.bool)[None].clone()
    mask[0, :2, :2] = True
    with torch.no_grad():
        one, other = (wrapper(torch.tensor([[7, 5, last, 3]]), mask)["last_hidden_state"] for last in (7, 8))
    assert torch.equal(one[:, :2], other[:, :2]) and not torch.allclose(one[:, 2], other[:, 2])


def test_contested_pixels_go_to_the_larger_logit():
    logits = np.array([[[3.0, 1.0, -1.0, -1.0]], [[2.0, 2.0, -2.0, 4.0]]])
    assert exclusive(logits)[:, 0].tolist() == [[True, False, False, False], [False, True, False, True]]


def test_small_islands_and_holes_go_but_the_other_keeps_its_own():
    masks = np.zeros((2, 40, 60), bool)
    masks[0, 5:35, 5:35] = True
    masks[0, 10, 10] = False
    masks[0, 2, 50] = True
    masks[0, 20:26, 20:26] = False
    masks[1, 20:26, 20:26] = True
    tidy = tidied(masks, 0.05)
    assert tidy[0, 10, 10] and not tidy[0, 2, 50]
    assert np.array_equal(tidy[1], masks[1]) and not tidy.all(axis=0).any()
