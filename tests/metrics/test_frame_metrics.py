"""Temporal consistency and motion of videos whose values are known."""

from typing import Any

import cv2
import numpy as np
import pytest
import torch
from transformers import ViTConfig, ViTImageProcessor, ViTModel

from dreamrelation.errors import UserError
from dreamrelation.metrics.anchored_consistency import anchored_cosine
from dreamrelation.metrics.dino.settings import SubjectConsistencySettings
from dreamrelation.metrics.dino.subject_consistency import SubjectConsistency
from dreamrelation.metrics.flicker.metric import Flicker, steadiness
from dreamrelation.metrics.flicker.settings import FlickerSettings
from dreamrelation.metrics.interface import VideoSample
from dreamrelation.metrics.motion.dynamic_degree import DynamicDegree, top_motion
from dreamrelation.metrics.motion.metric import Motion, mean_flow
from dreamrelation.metrics.motion.settings import DynamicDegreeSettings, MotionSettings
from dreamrelation.metrics.puppet_judge.judge import Judge
from dreamrelation.metrics.puppet_judge.settings import TemporalConsistencySettings
from dreamrelation.metrics.puppet_judge.temporal_consistency import TemporalConsistency
from dreamrelation.metrics.temporal_consistency import consecutive_cosine
from dreamrelation.relations import RELATIONS
from dreamrelation.settings.machine import MachineSettings

MACHINE = MachineSettings(device="cpu")


def texture(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(5).integers(0, 256, (height, width, 3)).astype(np.uint8)
    blurred = cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 2.5)
    return np.clip(128 + 5 * (blurred - blurred.mean()), 0, 255).astype(np.uint8)


def shifted(pixels: int, frames: int = 5) -> np.ndarray:
    """A texture that slides to the left."""
    wide = texture(64, 96 + pixels * frames)
    return np.stack([wide[:, pixels * t : pixels * t + 96] for t in range(frames)])


def video(frames: np.ndarray) -> VideoSample:
    return VideoSample("000", frames, "A dog is hugging a cat.", RELATIONS["hugging"], ("dog", "cat"))


@pytest.fixture
def consistency(judge_folder) -> TemporalConsistency:
    return TemporalConsistency(TemporalConsistencySettings(judge=str(judge_folder)), MACHINE)


def test_cosine_of_known_features():
    quarter_turns = torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.0, 3.0], [-1.0, 0.0]])
    assert consecutive_cosine(quarter_turns) == pytest.approx((0 + 1 + 0) / 3)
    assert consecutive_cosine(torch.tensor([[1.0, 1.0], [-2.0, -2.0]])) == pytest.approx(-1)


def test_a_still_video_wins_temporal_consistency_and_has_no_motion(consistency):
    still = video(np.repeat(texture(64, 96)[None], 4, axis=0))
    assert consistency.score(still).value == pytest.approx(1.0, abs=1e-6)
    assert Motion(MotionSettings(), MACHINE).score(still).value == pytest.approx(0.0, abs=0.01)


def test_consistency_is_that_of_the_judges_features(consistency, judge_folder):
    moving = video(shifted(4))
    value = consistency.score(moving).value
    assert value == pytest.approx(consecutive_cosine(Judge(judge_folder).ask(moving.frames).frame_features))
    assert value < 1 - 1e-4
    assert consistency.judge.name in consistency.note


@pytest.mark.parametrize("pixels", [1, 2, 4])
def test_motion_of_a_sliding_texture_is_its_speed(pixels):
    assert mean_flow(shifted(pixels)) == pytest.approx(pixels, rel=0.15)


def test_a_single_frame_has_neither(consistency):
    one = video(texture(64, 96)[None])
    others = (Flicker(FlickerSettings(), MACHINE), DynamicDegree(DynamicDegreeSettings(), MACHINE))
    for metric in (consistency, Motion(MotionSettings(), MACHINE), *others):
        score = metric.score(one)
        assert score.value is None
        assert "at least 2 frames" in score.detail


@pytest.mark.parametrize("cosine", [consecutive_cosine, anchored_cosine])
def test_features_of_one_frame_are_refused(cosine):
    with pytest.raises(ValueError, match="at least 2"):
        cosine(torch.ones(1, 4))


def test_anchored_cosine_of_known_features():
    """To the first frame 0, 0, −1 → 0; to the one before 0, 1, 0."""
    turns = torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.0, 3.0], [-1.0, 0.0]])
    assert anchored_cosine(turns) == pytest.approx((0 + 0.5 + 0) / 3)
    assert anchored_cosine(torch.ones(3, 4)) == pytest.approx(1)


def test_steadiness_of_known_frames():
    grey = np.full((3, 4, 6, 3), 100, np.uint8)
    assert steadiness(grey) == 1
    grey[1] = 151
    assert steadiness(grey) == pytest.approx(1 - 51 / 255)
    assert steadiness(np.stack([np.zeros((4, 6, 3), np.uint8), np.full((4, 6, 3), 255, np.uint8)])) == 0


@pytest.mark.parametrize("pixels", [2, 4])
def test_top_motion_of_a_sliding_texture_is_its_speed(pixels):
    assert top_motion(shifted(pixels)) == pytest.approx(np.full(4, pixels), rel=0.25)


def test_dynamic_degree_tells_fast_from_slow():
    metric = DynamicDegree(DynamicDegreeSettings(), MACHINE)
    assert metric.score(video(shifted(1))).value == 0.0, "1 of 64 pixels is below 6 of 256"
    fast = metric.score(video(shifted(4)))
    assert fast.value == 1.0 and fast.detail == "100% of 4 frames; DIS flow"
    half = np.concatenate([shifted(4)[:2], np.repeat(shifted(4)[1:2], 6, axis=0)])
    assert metric.score(video(half)).value == 0.0, "one of seven steps is less than a quarter"


def test_subject_consistency_is_that_of_the_class_tokens(tmp_path):
    torch.manual_seed(0)
    sizes: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    ViTModel(ViTConfig(image_size=32, patch_size=16, **sizes), add_pooling_layer=False).save_pretrained(tmp_path)
    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(tmp_path)
    settings = SubjectConsistencySettings(path=str(tmp_path))
    metric = SubjectConsistency(settings, MachineSettings(device="cpu", metric_batch=2))
    moving = video(shifted(4))
    pixels = metric.processor(images=list(moving.frames), return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        tokens = metric.model(pixel_values=pixels).last_hidden_state[:, 0]
    assert metric.score(moving).value == pytest.approx(anchored_cosine(tokens), abs=1e-6)
    assert str(tmp_path) in metric.note and str(tmp_path / "model.safetensors") in settings.files()
    with pytest.raises(UserError, match="subject_consistency: path: found no such model at .*nowhere"):
        SubjectConsistency(SubjectConsistencySettings(path=str(tmp_path / "nowhere")), MACHINE)
