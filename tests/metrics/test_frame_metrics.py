"""Temporal consistency and motion of videos whose values are known."""

import cv2
import numpy as np
import pytest
import torch

from dreamrelation.metrics.interface import VideoSample
from dreamrelation.metrics.motion.metric import Motion, mean_flow
from dreamrelation.metrics.motion.settings import MotionSettings
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
    for metric in (consistency, Motion(MotionSettings(), MACHINE)):
        score = metric.score(one)
        assert score.value is None
        assert "at least 2 frames" in score.detail


def test_features_of_one_frame_are_refused():
    with pytest.raises(ValueError, match="at least 2"):
        consecutive_cosine(torch.ones(1, 4))
