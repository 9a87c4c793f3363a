"""The real classes of groundingdino-py and segment-anything, small and with random weights."""

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
from transformers import BertConfig, BertModel, BertTokenizerFast

from dreamrelation.masks.bert_for_grounding_dino import BertForGroundingDino
from dreamrelation.masks.checkpoints import load_weights, read_checkpoint
from dreamrelation.masks.grounded_sam import GroundedSam
from dreamrelation.masks.grounding_dino import GroundingDino, build_detector
from dreamrelation.masks.segment_anything_model import Prompts, SegmentAnything, exclusive, tidied
from dreamrelation.masks.segmenters import ClipView, make_segmenter
from dreamrelation.settings.masks import GroundedSamSettings, MaskSettings

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
            norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
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
    settings = GroundedSamSettings(
        detector_checkpoint=str(folder / "dino.pth"),
        detector_config=str(folder / "tiny_cfg.py"),
        text_encoder=str(bert),
        segmenter_checkpoint=str(folder / "sam.pth"),
        segmenter_model="vit_b",
        box_threshold=0.0,
        text_threshold=0.0,
        detector_short_side=64,
        batch_size=3,
    )
    torch.manual_seed(0)
    weights = {f"module.{name}": value for name, value in build_detector(settings).state_dict().items()}
    weights |= {"module.label_enc.weight": torch.zeros(3), "module.bert.embeddings.position_ids": torch.zeros(3)}
    torch.save({"model": weights}, settings.detector_checkpoint)
    torch.save(tiny_sam().state_dict(), settings.segmenter_checkpoint)
    return settings


@pytest.fixture(scope="module")
def segmenter(settings) -> GroundedSam:
    made = make_segmenter(MaskSettings(grounded_sam=settings), "cpu")
    assert isinstance(made, GroundedSam)
    return made


def view(frames: int = 4) -> ClipView:
    rng = np.random.default_rng(0)
    joints = rng.uniform(0.2, 0.8, (frames, 2, 25, 2)) * [40, 60]
    joints[:, 1, :, 0] += 50
    pictures = rng.integers(0, 256, (frames, 64, 96, 3), dtype=np.uint8)
    return ClipView("clip", pictures, joints, np.ones((frames, 2, 25), bool))


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
    for frame, (boxes, scores) in zip(frames, together, strict=True):
        (alone, own_scores), *_ = segmenter.detector.detect(frame[None])
        assert len(boxes) == 12
        order, own_order = np.argsort(scores), np.argsort(own_scores)
        assert np.allclose(boxes[order], alone[own_order], atol=1e-2)
        assert np.allclose(scores[order], own_scores[own_order], atol=1e-4)


def test_segments_do_not_depend_on_the_batch(segmenter):
    frames = view().frames
    boxes = np.array([[5.0, 5, 40, 60], [50, 5, 90, 60]])
    points = np.array([[[20.0, 30], [70, 30]], [[70, 30], [20, 30]]])
    prompts = [Prompts(boxes, points, np.array([[1, 0], [1, -1]]))] * len(frames)
    logits, quality = segmenter.segmenter.segment(frames, prompts)
    assert logits.shape == (4, 2, 64, 96)
    for at in range(len(frames)):
        alone, own_quality = segmenter.segmenter.segment(frames[at : at + 1], prompts[:1])
        assert np.allclose(logits[at], alone[0], atol=1e-4)
        assert np.allclose(quality[at], own_quality[0], atol=1e-4)


def test_prompts_matter(segmenter):
    frames = view(1).frames
    boxes = np.array([[5.0, 5, 40, 60], [50, 5, 90, 60]])
    points, labels = np.full((2, 1, 2), 30.0), np.full((2, 1), -1)
    logits, _ = segmenter.segmenter.segment(frames, [Prompts(boxes, points, labels)])
    moved, _ = segmenter.segmenter.segment(frames, [Prompts(boxes[::-1].copy(), points, labels)])
    assert not np.allclose(logits, moved)
    assert np.allclose(logits[:, ::-1], moved, atol=1e-4)


def test_the_loaded_weights_are_the_saved_ones(segmenter, settings):
    saved = read_checkpoint("x", settings.detector_checkpoint)["model"]
    for name, value in segmenter.detector.model.state_dict().items():
        assert torch.equal(value, saved[f"module.{name}"]), name


def test_detectors_thresholds_keep_only_likely_boxes(segmenter, settings):
    strict = settings.model_copy(update={"box_threshold": 1.0})
    (boxes, scores), *_ = GroundingDino(segmenter.detector.model, strict, "cpu").detect(view(1).frames)
    assert boxes.shape == (0, 4) and scores.shape == (0,)


def test_a_prompt_names_something(segmenter, settings):
    for prompt in ("person", " . "):
        with pytest.raises(ValueError, match=r"masks\.grounded_sam\.prompt"):
            GroundingDino(segmenter.detector.model, settings.model_copy(update={"prompt": prompt}), "cpu")


@pytest.mark.parametrize(
    ("key", "load"), [("detector_checkpoint", GroundingDino.load), ("segmenter_checkpoint", SegmentAnything.load)]
)
def test_a_missing_checkpoint_names_setting_and_path(settings, key, load, tmp_path):
    nowhere = str(tmp_path / "nowhere.pth")
    with pytest.raises(FileNotFoundError, match=rf"masks\.grounded_sam\.{key}: found no file at .*nowhere\.pth"):
        load(settings.model_copy(update={key: nowhere}), "cpu")


def test_a_missing_text_encoder_or_config_is_named(settings, tmp_path):
    with pytest.raises(ValueError, match=r"masks\.grounded_sam\.text_encoder"):
        build_detector(settings.model_copy(update={"text_encoder": str(tmp_path)}))
    with pytest.raises(FileNotFoundError, match=r"masks\.grounded_sam\.detector_config"):
        build_detector(settings.model_copy(update={"detector_config": str(tmp_path / "none.py")}))


def test_weights_must_fit_exactly(settings, tmp_path):
    linear = torch.nn.Linear(2, 2)
    with pytest.raises(ValueError, match="key: file does not fit the model: 1 weights are missing"):
        load_weights(linear, {"weight": torch.zeros(2, 2)}, "key", "file")
    extra = {**linear.state_dict(), "more": torch.zeros(1)}
    with pytest.raises(ValueError, match="1 are unknown, such as"):
        load_weights(linear, extra, "key", "file")
    load_weights(linear, extra, "key", "file", unused=frozenset({"more"}))
    with pytest.raises(ValueError, match="does not fit"):
        load_weights(linear, {"weight": torch.zeros(3, 2), "bias": torch.zeros(2)}, "key", "file")
    (tmp_path / "junk.pth").write_bytes(b"no checkpoint")
    with pytest.raises(ValueError, match=r"key: .*junk\.pth is not a checkpoint"):
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
