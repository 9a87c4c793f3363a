"""The latent cache: written per clip, drawn from afresh, refused when broken."""

from pathlib import Path

import numpy as np
import pytest
import torch

from dreamrelation import config, tables
from dreamrelation.backbones.opening import open_denoiser
from dreamrelation.latents import stage
from dreamrelation.latents.reading import load_clips, to_model_space
from dreamrelation.settings.experiment import ExperimentSettings, overlay
from dreamrelation.settings.model import ModelSettings

ROOT = Path(__file__).parents[2]
GRID = (2, 4, 6)


@pytest.fixture
def settings(random_mochi: ModelSettings) -> ExperimentSettings:
    small = {"model": random_mochi.model_dump(), "clips": {"height": 32, "width": 48, "pixel_frames": [7]},
             "latents": {"batch_size": 2}}  # fmt: skip
    return config.from_mapping(overlay(config.load([ROOT / "config.yaml"]).model_dump(), small), "test")


def rows(count: int, pixel_frames: int = 7) -> list[dict]:
    return [
        {"clip": f"clip{n}", "caption": "A person is hugging a person.", "pixel_frames": pixel_frames}
        for n in range(count)
    ]


def frames_of(row: dict) -> np.ndarray:
    rng = np.random.default_rng(int(row["clip"][-1]))
    return rng.integers(0, 256, (7, 32, 48, 3), dtype=np.uint8)


def masks_of(row: dict) -> dict:
    value = 0.25 * (1 + int(row["clip"][-1]))
    return {role: np.full(GRID, value, np.float32) for role in ("relation", "subject1", "subject2")}


def test_the_cache_holds_each_clip_whatever_the_batch(settings: ExperimentSettings, tmp_path: Path) -> None:
    path = tmp_path / "latents.parquet"
    stage.run(settings, "hugging", rows(3), path, frames_of, masks_of)
    cached = load_clips(path, stage.latents_fingerprint(settings))
    assert cached.clips == ["clip0", "clip1", "clip2"] and cached.mean.shape == (3, 12, *GRID)
    assert [float(cached.masks["relation"][n].mean()) for n in range(3)] == [0.25, 0.5, 0.75]
    alone = tmp_path / "alone.parquet"
    stage.run(settings, "hugging", rows(3)[2:], alone, frames_of, masks_of)
    torch.testing.assert_close(
        load_clips(alone, stage.latents_fingerprint(settings)).mean[0], cached.mean[2], rtol=1e-2, atol=1e-3
    )


def test_a_draw_has_the_posteriors_mean_and_deviation(settings: ExperimentSettings, tmp_path: Path) -> None:
    path = tmp_path / "latents.parquet"
    stage.run(settings, "hugging", rows(2), path, frames_of, masks_of)
    cached = load_clips(path, stage.latents_fingerprint(settings))
    shape = (1, *cached.mean.shape[1:])
    assert torch.equal(cached.sample([1], torch.zeros(shape))[0], cached.mean[1])
    torch.testing.assert_close(cached.sample([1], torch.ones(shape))[0] - cached.mean[1], cached.deviation[1])


def test_normalising_is_a_choice(settings: ExperimentSettings, random_mochi: ModelSettings) -> None:
    denoiser = open_denoiser(random_mochi)
    raw = torch.randn(1, 12, *GRID)
    assert torch.equal(to_model_space(raw, denoiser, normalise=False), raw)
    torch.testing.assert_close(to_model_space(raw, denoiser, normalise=True), denoiser.normalise(raw))


def test_clips_of_two_lengths_or_none_are_refused(settings: ExperimentSettings, tmp_path: Path) -> None:
    path = tmp_path / "latents.parquet"
    with pytest.raises(ValueError, match=r"found clips of \[7, 13\] frames"):
        stage.run(settings, "hugging", rows(1) + rows(1, 13), path, frames_of, masks_of)
    with pytest.raises(ValueError, match="'hugging' has no clip with masks"):
        stage.run(settings, "hugging", [], path, frames_of, masks_of)
    assert not path.exists()


def test_a_value_that_is_not_finite_is_named(tmp_path: Path) -> None:
    masks = {f"mask_{role}": mask for role, mask in masks_of(rows(1)[0]).items()}
    mean, log_variance = (np.full((12, *GRID), value, np.float16) for value in (np.nan, 0.0))
    row = {"clip": "odd", "caption": "", "mean": mean, "log_variance": log_variance, **masks}
    path = tmp_path / "latents.parquet"
    tables.write(path, tables.latents_schema(12, GRID), [row], fingerprint="known")
    with pytest.raises(ValueError, match="column mean of clip odd is not finite"):
        load_clips(path, "known")
    with pytest.raises(ValueError, match="found the fingerprint known, expected other"):
        load_clips(path, "other")


def test_the_fingerprint_tells_poolings_apart(settings: ExperimentSettings) -> None:
    other = settings.model_copy(update={"latents": settings.latents.model_copy(update={"union": "released_code"})})
    assert stage.latents_fingerprint(settings) == stage.latents_fingerprint(settings.model_copy())
    assert stage.latents_fingerprint(settings) != stage.latents_fingerprint(other)
