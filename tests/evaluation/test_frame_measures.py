"""Temporal consistency and motion on clips whose values are known."""

import cv2
import numpy as np
import pytest
import torch

from dreamrelation.evaluation.measure import JudgedVideo, as_video
from dreamrelation.evaluation.motion import Motion, mean_flow
from dreamrelation.evaluation.temporal_consistency import TemporalConsistency, consecutive_cosine


def texture(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(5).integers(0, 256, (height, width, 3)).astype(np.uint8)
    blurred = cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 2.5)
    return np.clip(128 + 5 * (blurred - blurred.mean()), 0, 255).astype(np.uint8)


def shifted(pixels: int, frames: int = 5) -> np.ndarray:
    """A texture that slides to the left."""
    wide = texture(64, 96 + pixels * frames)
    return np.stack([wide[:, pixels * t : pixels * t + 96] for t in range(frames)])


def video(frames: np.ndarray) -> JudgedVideo:
    return JudgedVideo(frames, "A dog is hugging a cat.", "hugging", ("dog", "cat"))


class MeanColour:
    name = "mean colour"

    def of(self, video: JudgedVideo) -> torch.Tensor:
        return torch.from_numpy(video.frames.mean(axis=(1, 2)))


def test_cosine_of_known_features():
    quarter_turns = torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.0, 3.0], [-1.0, 0.0]])
    assert consecutive_cosine(quarter_turns) == pytest.approx((0 + 1 + 0) / 3)
    assert consecutive_cosine(torch.tensor([[1.0, 1.0], [-2.0, -2.0]])) == pytest.approx(-1)


def test_a_still_clip_wins_temporal_consistency_and_has_no_motion():
    still = video(np.repeat(texture(64, 96)[None], 4, axis=0))
    (consistency,) = TemporalConsistency(MeanColour()).take(still)
    (motion,) = Motion().take(still)
    assert consistency.value == pytest.approx(1.0, abs=1e-12)
    assert motion.value == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("pixels", [1, 2, 4])
def test_motion_of_a_sliding_texture_is_its_speed(pixels):
    assert mean_flow(shifted(pixels)) == pytest.approx(pixels, rel=0.15)


def test_a_single_frame_has_neither():
    one = video(texture(64, 96)[None])
    for measure in (TemporalConsistency(MeanColour()), Motion()):
        (score,) = measure.take(one)
        assert score.value is None
        assert "at least 2 frames" in score.detail


def test_features_of_one_frame_are_refused():
    with pytest.raises(ValueError, match="at least 2"):
        consecutive_cosine(torch.ones(1, 4))


def test_as_video_range_and_shape():
    frames = np.zeros((3, 4, 6, 3), np.uint8)
    frames[1] = 255
    tensor = as_video(frames)
    assert tensor.shape == (1, 3, 3, 4, 6)
    assert (tensor[:, :, 0] == -1).all()
    assert (tensor[:, :, 1] == 1).all()
    with pytest.raises(ValueError, match="uint8"):
        as_video(frames.astype(np.float32))
