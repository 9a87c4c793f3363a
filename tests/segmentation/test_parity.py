"""Our batched Grounding DINO and SAM beside the packages' own inference, at the sizes of the official checkpoints.

Weights are random; of the image encoders' and the text encoder's many equal blocks two are kept, which costs no
generality and saves a minute.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from groundingdino.datasets import transforms
from groundingdino.util.inference import predict
from PIL import Image
from segment_anything import SamPredictor, sam_model_registry
from segment_anything.build_sam import _build_sam
from segment_anything.modeling import Sam
from transformers import BertConfig, BertTokenizerFast  # pyright: ignore[reportAttributeAccessIssue]

from dreamrelation.segmentation.detectors.grounding_dino import GroundingDino, build_detector
from dreamrelation.segmentation.detectors.settings import GroundingDinoSettings
from dreamrelation.segmentation.grounded_sam.segment_anything_model import Prompts, SegmentAnything
from dreamrelation.segmentation.grounded_sam.settings import GroundedSamSettings
from dreamrelation.segmentation.interface import Boxes
from dreamrelation.segmentation.points import Points
from dreamrelation.settings.machine import MachineSettings

MACHINE = MachineSettings(device="cpu")
SIZE = (768, 1024)
"""That of SAM's own pictures, so that nothing is resized."""
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "person", "dog"]


def pictures(count: int, height: int, width: int) -> np.ndarray:
    """Smooth noise, (count, height, width, 3) uint8."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (count, height // 32, width // 32, 3)).astype(np.uint8)
    return np.stack(
        [np.asarray(Image.fromarray(one).resize((width, height), Image.Resampling.BICUBIC)) for one in small]
    )


def vit_b_of_two_blocks(checkpoint: None = None) -> Sam:
    """ViT-B as the package builds it, but for the number of blocks."""
    return _build_sam(
        encoder_embed_dim=768,
        encoder_depth=2,
        encoder_num_heads=12,
        encoder_global_attn_indexes=[1],
        checkpoint=checkpoint,
    )


@pytest.fixture(scope="module")
def sam(tmp_path_factory: pytest.TempPathFactory) -> SegmentAnything:
    path = tmp_path_factory.mktemp("sam") / "sam.pth"
    torch.manual_seed(0)
    torch.save(vit_b_of_two_blocks().state_dict(), path)
    settings = GroundedSamSettings.model_validate(
        {"detector": {"kind": "tests.segmentation.parts:TwoBoxes"}, "checkpoint": str(path), "architecture": "vit_b"}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sam_model_registry, "vit_b", vit_b_of_two_blocks)
        return SegmentAnything(settings, MACHINE)


def test_batched_sam_equals_the_package_s_predictor(sam: SegmentAnything) -> None:
    frames = pictures(2, *SIZE)
    height, width = SIZE
    corners = np.array([[0.1, 0.1, 0.4, 0.9], [0.5, 0.2, 0.9, 0.8]]) * [width, height, width, height]
    places = np.array([[[0.2, 0.5], [0.7, 0.5]], [[0.7, 0.5], [0.2, 0.5]]]) * [width, height]
    points = Points(places, np.array([[1, 0]] * 2))
    logits, quality = sam.segment(frames, [Prompts(Boxes(corners, np.ones(2)), points)] * 2)
    predictor = SamPredictor(sam.sam)
    predictor.set_image(frames[1])
    expected, iou, _ = predictor.predict_torch(
        predictor.transform.apply_coords_torch(torch.from_numpy(places).float(), SIZE),
        torch.from_numpy(points.labels),
        predictor.transform.apply_boxes_torch(torch.from_numpy(corners).float(), SIZE),
        multimask_output=False,
        return_logits=True,
    )
    assert np.abs(logits[1] - expected[:, 0].numpy()).max() < 1e-4 * float(expected.std())
    np.testing.assert_allclose(quality[1], iou[:, 0], atol=1e-4)


def test_sam_s_pictures_are_resized_as_the_package_does(sam: SegmentAnything) -> None:
    """The package resizes in eight bits, so that grey levels are rounded."""
    frames = pictures(2, 480, 848)
    own = sam._fitted(frames).numpy()
    expected = SamPredictor(sam.sam).transform.apply_image(frames[1])
    assert own.shape == (2, 3, *expected.shape[:2]) == (2, 3, 580, 1024)
    assert np.abs(own[1].transpose(1, 2, 0) - expected).max() < 3


@pytest.fixture(scope="module")
def dino(tmp_path_factory: pytest.TempPathFactory) -> GroundingDino:
    """Grounding DINO with Swin-T as its own config says, and BERT's width."""
    folder: Path = tmp_path_factory.mktemp("dino")
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    BertConfig(num_hidden_layers=2, vocab_size=len(WORDS)).save_pretrained(folder)
    settings: dict[str, Any] = {"checkpoint": str(folder / "dino.pth"), "text_encoder": str(folder), "short_side": 480}
    made = GroundingDinoSettings.model_validate(settings | {"box_threshold": 0.0, "text_threshold": 0.0})
    torch.manual_seed(0)
    torch.save({"model": build_detector(made).state_dict()}, made.checkpoint)
    return GroundingDino(made, MACHINE)


def test_batched_grounding_dino_equals_the_package_s_inference(dino: GroundingDino) -> None:
    frames = pictures(2, 480, 640)
    image = dino._prepared(frames)[1]
    assert image.shape == (3, 480, 640)
    found = dino.detect(frames)[1]
    boxes, scores, _ = predict(dino.model, image, "person.", 0.0, 0.0, device="cpu")  # pyright: ignore
    corners = torch.cat([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], dim=-1)
    expected = corners.numpy() * [640, 480, 640, 480]
    assert len(found.scores) == len(scores) == 900
    np.testing.assert_allclose(np.sort(found.scores), np.sort(scores.numpy()), atol=2e-3)
    np.testing.assert_allclose(np.sort(found.corners, axis=0), np.sort(expected, axis=0), atol=1.0)


def test_pictures_are_prepared_as_the_package_does(dino: GroundingDino) -> None:
    """Its way goes over eight bits, which costs at most half a grey level on the way, of a standard deviation of 58."""
    (frame,) = pictures(1, 480, 848)
    official = transforms.Compose(
        [
            transforms.RandomResize([480], max_size=800),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    expected: Any = official(Image.fromarray(frame), None)[0]
    (own,) = dino._prepared(frame[None])
    assert own.shape == expected.shape == (3, 453, 800)
    assert float((own - expected).abs().max()) < 3 / 58
