"""LTX-2: what its configuration takes, its noise levels, its streams kept apart, and what is refused."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from safetensors.torch import load_file, save_file
from tests.small_ltx2 import CHANNELS

from dreamrelation.backbone_spec import Schedule
from dreamrelation.backbones.ltx2.autoencoder import Ltx2Autoencoder
from dreamrelation.backbones.ltx2.backbone import Ltx2
from dreamrelation.backbones.ltx2.denoiser import Ltx2Denoiser
from dreamrelation.backbones.ltx2.settings import Ltx2Settings
from dreamrelation.backbones.ltx2.spec import LTX2
from dreamrelation.config import load
from dreamrelation.errors import UserError
from dreamrelation.sampling.schedules import noise_levels, shifted_and_stretched
from dreamrelation.settings.machine import MachineSettings

ROOT = Path(__file__).parents[2]
CPU = MachineSettings(device="cpu")


def test_the_shipped_configuration_takes_the_models_own_values() -> None:
    settings = load([ROOT / "config.yaml", ROOT / "configs/ntu_ltx2.yaml"])
    assert settings.model == Ltx2Settings()
    sampling = settings.generation.resolved(LTX2)
    assert (sampling.sampling_steps, sampling.guidance_scale, sampling.frames_per_second) == (30, 3.0, 24)
    assert LTX2.latent_grid(57, settings.clips.height, settings.clips.width) == (8, 15, 26)
    for frames in (*settings.clips.pixel_frames, sampling.pixel_frames):
        LTX2.check_pixel_frames(frames)


@pytest.mark.parametrize("tokens", [1024, 3120, 4096, 6144])
@pytest.mark.parametrize("steps", [2, 30])
def test_levels_are_those_of_the_pipelines_scheduler(tokens: int, steps: int) -> None:
    """By the formula of docs/ntu_ltx2.md."""
    mu = 0.95 + 1.1 * (tokens - 1024) / 3072
    theirs = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift_terminal=0.1)
    theirs.set_timesteps(sigmas=np.linspace(1.0, 1 / steps, steps).tolist(), mu=mu)
    ours = noise_levels(Schedule("shifted_and_stretched", math.exp(mu)), steps)
    np.testing.assert_allclose(ours, np.array(theirs.sigmas), rtol=0, atol=1e-6)
    assert ours[-2] == pytest.approx(0.1)
    if tokens == 4096:
        assert ours == noise_levels(LTX2.sampling.schedule, steps)
    if tokens == 3120:
        assert f"{math.exp(mu):.1f}" == "5.5"


def test_a_single_step_is_refused() -> None:
    with pytest.raises(ValueError, match="found 1 sampling steps, expected 2 or more"):
        shifted_and_stretched(1, 2.0)


def test_pictures_do_not_depend_on_the_stream_of_sound(random_ltx2: Ltx2Settings) -> None:
    backbone = Ltx2(random_ltx2, CPU)
    denoiser, texts = backbone.denoiser(), backbone.text_encoder().embed(["a cat"])
    noisy = torch.randn(1, CHANNELS, 2, 2, 3, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        before = denoiser.velocity(noisy, torch.tensor([0.5]), texts)
        for name, parameter in denoiser.module.named_parameters():
            if "audio" in name and "to_video" not in name:
                parameter.add_(1.0)
        after = denoiser.velocity(noisy, torch.tensor([0.5]), texts)
    assert torch.equal(before, after)


def test_statistics_are_those_among_the_autoencoders_weights(random_ltx2: Ltx2Settings) -> None:
    expected = torch.linspace(-0.3, 0.3, CHANNELS), torch.linspace(0.8, 1.4, CHANNELS)
    for space in (Ltx2Denoiser(random_ltx2, CPU), Ltx2Autoencoder(random_ltx2, CPU)):
        torch.testing.assert_close(space.mean.flatten(), expected[0])
        torch.testing.assert_close(space.std.flatten(), expected[1])


def copied(settings: Ltx2Settings, folder: Path) -> Ltx2Settings:
    shutil.copytree(settings.path, folder)
    return settings.model_copy(update={"path": str(folder)})


def test_weights_without_statistics_are_refused(random_ltx2: Ltx2Settings, tmp_path: Path) -> None:
    other = copied(random_ltx2, tmp_path / "model")
    (weights,) = (tmp_path / "model/vae").glob("*.safetensors")
    save_file({k: v for k, v in load_file(weights).items() if k != "latents_std"}, weights, {"format": "pt"})
    with pytest.raises(UserError, match="the weights in vae lack latents_std"):
        Ltx2(other, CPU).denoiser()


@pytest.mark.parametrize(
    ("part", "file", "values", "reason"),
    [
        ("denoiser", "transformer/config.json", {"patch_size": 2}, "joins latents in patches|do not fit"),
        ("autoencoder", "vae/config.json", {"timestep_conditioning": True}, "is told a timestep|do not fit"),
    ],
)
def test_another_ltx_is_refused(
    random_ltx2: Ltx2Settings, part: str, file: str, values: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    other = copied(random_ltx2, tmp_path / "model")
    path = tmp_path / "model" / file
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    with pytest.raises(UserError, match=reason):
        getattr(Ltx2(other, CPU), part)()
