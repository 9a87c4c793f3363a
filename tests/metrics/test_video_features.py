"""Networks that describe videos: the real classes, tiny, with random weights."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.metrics.judges import sample
from torch import Tensor, nn
from transformers import (
    VideoMAEConfig,
    VideoMAEImageProcessor,
    VideoMAEModel,
    VJEPA2Config,
    VJEPA2Model,
    VJEPA2VideoProcessor,
)

from dreamrelation.errors import UserError
from dreamrelation.files import file_sha256
from dreamrelation.metrics.video_features.i3d.features import scaled
from dreamrelation.metrics.video_features.interface import VideoFeatures
from dreamrelation.settings.kinds import FEATURES
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of

SIZES: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
FRAMES = np.random.default_rng(0).integers(0, 256, (4, 40, 60, 3)).astype(np.uint8)


def open_features(**settings: Any) -> VideoFeatures:
    read = FEATURES.read(settings)
    return implementation_of(read)(read, MachineSettings(device="cpu"))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {kind: tmp_path_factory.mktemp(kind) for kind in ("videomae", "vjepa2")}
    torch.manual_seed(0)
    VideoMAEModel(
        VideoMAEConfig(image_size=32, patch_size=16, num_frames=4, intermediate_size=48, **SIZES)
    ).save_pretrained(made["videomae"])
    VideoMAEImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(
        made["videomae"]
    )
    predictor: dict[str, Any] = {"pred_hidden_size": 24, "pred_num_attention_heads": 2, "pred_num_hidden_layers": 1}
    VJEPA2Model(
        VJEPA2Config(crop_size=32, patch_size=16, frames_per_clip=4, mlp_ratio=2, **SIZES, **predictor)
    ).save_pretrained(made["vjepa2"])
    VJEPA2VideoProcessor(size={"shortest_edge": 36}, crop_size={"height": 32, "width": 32}).save_pretrained(
        made["vjepa2"]
    )
    return made


@pytest.mark.parametrize("kind", ["videomae", "vjepa2"])
def test_transformers_encoders(folders: dict[str, Path], kind: str) -> None:
    features = open_features(kind=kind, path=str(folders[kind]))
    found = features.of(FRAMES)
    assert found.shape == (32,) and found.dtype == np.float64
    assert np.array_equal(features.of(FRAMES), found)
    assert not np.allclose(features.of(FRAMES[::-1]), found), "it sees the order of frames"
    assert str(folders[kind]) in features.name and "centre crop" in features.name and "32" in features.name
    with pytest.raises(UserError, match="found 3 frames, expected"):
        features.of(FRAMES[:3])


@pytest.mark.parametrize("kind", ["videomae", "vjepa2"])
def test_a_folder_without_a_model_is_named(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UserError, match=f"the features {kind}: path: found no such model at '{tmp_path}'"):
        open_features(kind=kind, path=str(tmp_path))


class Plain(nn.Module):
    """As one kind of I3D files: a video in [-1, 1] gives logits."""

    def forward(self, video: Tensor) -> Tensor:
        return torch.cat([video.mean(dim=[2, 3, 4]), video.amax(dim=[2, 3, 4])], dim=1)


class Told(nn.Module):
    """As the other kind: it resizes and scales by itself unless told not to."""

    def forward(
        self, video: Tensor, rescale: bool = True, resize: bool = True, return_features: bool = False
    ) -> Tensor:
        if rescale or resize or not return_features:
            video = video * 0 + 7
        return torch.cat([video.mean(dim=[2, 3, 4]), video.amax(dim=[2, 3, 4])], dim=1)


@pytest.mark.parametrize("module", [Plain, Told])
def test_both_kinds_of_i3d_files_see_the_same(tmp_path: Path, module: type[nn.Module]) -> None:
    path = tmp_path / "i3d.pt"
    torch.jit.script(module()).save(str(path))
    features = open_features(kind="i3d", path=str(path), sha256=file_sha256(path), size=32)
    video = scaled(FRAMES, 32)
    assert video.shape == (1, 3, 4, 32, 32) and video.min() >= -1 and video.max() <= 1
    expected = torch.cat([video.mean(dim=(2, 3, 4)), video.amax(dim=(2, 3, 4))], dim=1)[0]
    assert np.allclose(features.of(FRAMES), expected.numpy(), atol=1e-6)
    assert features.name == f"I3D {file_sha256(path)[:12]}, 32 × 32 bilinear"


def test_an_i3d_file_is_known_by_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "i3d.pt"
    with pytest.raises(UserError, match=r"i3d\.pt: no such file"):
        open_features(kind="i3d", path=str(path), sha256="0" * 64)
    path.write_bytes(b"something else")
    with pytest.raises(UserError, match=r"i3d\.pt: found a file with the SHA-256 .* expected 0000"):
        open_features(kind="i3d", path=str(path), sha256="0" * 64)
    with pytest.raises(UserError, match=r"i3d\.pt: not a TorchScript file"):
        open_features(kind="i3d", path=str(path), sha256=file_sha256(path))


def test_the_puppets_have_their_own(judge_folder: Path) -> None:
    features = open_features(kind="puppet_judge", judge=str(judge_folder))
    video = sample()
    found = features.of(video.frames)
    assert found.shape == (256,)
    assert not np.allclose(features.of(video.frames[::-1]), found)
    assert features.name.startswith("the movement features of judge ")
