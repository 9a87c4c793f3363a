"""The latent cache: written per clip, drawn from afresh, refused when broken."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dreamrelation.backbones.interface import Posterior
from dreamrelation.backbones.mochi.backbone import Mochi
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.errors import UserError
from dreamrelation.latents.cache import (
    CachedClips,
    EncodedClip,
    latents_fingerprint,
    load_clips,
    to_model_space,
    write_clips,
)
from dreamrelation.roles import ROLES, Role
from dreamrelation.settings.latents import LatentSettings
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.stages import FrameSize, LatentsStage
from dreamrelation.tables.rows import TRAIN

GRID = (2, 4, 6)


def encoded(number: int, mean: float = 0.0) -> EncodedClip:
    generator = torch.Generator().manual_seed(number)
    posterior = Posterior(torch.randn(12, *GRID, generator=generator) + mean, torch.full((12, *GRID), -2.0))
    masks: dict[Role, np.ndarray] = {role: np.full(GRID, 0.25 * (1 + number), np.float32) for role in ROLES}
    return EncodedClip(f"clip{number}", "A person is hugging a person.", TRAIN, posterior, masks)


@pytest.fixture
def cached(tmp_path: Path) -> CachedClips:
    write_clips(tmp_path / "latents.parquet", [encoded(n) for n in range(3)], "known")
    return load_clips(tmp_path / "latents.parquet", "known")


def test_what_is_read_is_what_was_written(cached: CachedClips) -> None:
    assert cached.clips == ["clip0", "clip1", "clip2"] and cached.mean.shape == (3, 12, *GRID)
    assert cached.grid == GRID and len(cached) == 3
    torch.testing.assert_close(cached.mean[1], encoded(1).posterior.mean, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(cached.std, torch.full_like(cached.std, float(np.exp(-1.0))))
    assert [float(cached.masks["relation"][n].mean()) for n in range(3)] == [0.25, 0.5, 0.75]


def test_of_exemplars_the_first_are_taken_and_as_many_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "latents.parquet"
    held_out = replace(encoded(9), split="held_out")
    write_clips(path, [held_out, *(encoded(n) for n in range(3))], "known")
    assert load_clips(path, "known", exemplars=2).clips == ["clip0", "clip1"]
    assert load_clips(path, "known").clips == ["clip0", "clip1", "clip2"]
    with pytest.raises(UserError, match="found 3 clips of the split 'train', expected 4 or more"):
        load_clips(path, "known", exemplars=4)


def test_a_draw_has_the_posteriors_mean_and_std(cached: CachedClips) -> None:
    shape = (1, *cached.mean.shape[1:])
    assert torch.equal(cached.sample([1], torch.zeros(shape))[0], cached.mean[1])
    torch.testing.assert_close(cached.sample([1], torch.ones(shape))[0] - cached.mean[1], cached.std[1])


def test_normalising_is_a_choice(random_mochi: MochiSettings) -> None:
    denoiser = Mochi(random_mochi, MachineSettings(device="cpu")).denoiser()
    raw = torch.randn(1, 12, *GRID)
    assert torch.equal(to_model_space(raw, denoiser, normalise=False), raw)
    torch.testing.assert_close(to_model_space(raw, denoiser, normalise=True), denoiser.normalise(raw))


def test_a_value_that_is_not_finite_is_named(tmp_path: Path) -> None:
    path = tmp_path / "latents.parquet"
    write_clips(path, [encoded(0), encoded(1, mean=float("nan"))], "known")
    with pytest.raises(UserError, match="column mean of clip clip1 is not finite"):
        load_clips(path, "known")
    with pytest.raises(UserError, match="found the fingerprint known, expected other"):
        load_clips(path, "other")


def test_the_fingerprint_tells_models_sizes_and_poolings_apart(random_mochi: MochiSettings) -> None:
    stage = LatentsStage(size=FrameSize(height=32, width=48), latents=LatentSettings(), model=random_mochi)
    others = [
        latents_fingerprint(stage, "another"),
        latents_fingerprint(stage.model_copy(update={"size": FrameSize(height=48, width=48)}), "vae"),
        latents_fingerprint(stage.model_copy(update={"latents": LatentSettings(union="released_code")}), "vae"),
    ]
    assert latents_fingerprint(stage, "vae") == latents_fingerprint(stage.model_copy(), "vae")
    assert len({latents_fingerprint(stage, "vae"), *others}) == 4
