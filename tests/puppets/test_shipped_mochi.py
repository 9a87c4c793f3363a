"""The small Mochi that comes with the repository."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import MochiPipeline

from dreamrelation.backbones.mochi.backbone import Mochi
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.backbones.mochi.spec import MOCHI
from dreamrelation.metrics.puppet_judge.storage import load_judge
from dreamrelation.puppets.models.block_pca import start_linear
from dreamrelation.puppets.models.small_mochi import small_vae
from dreamrelation.puppets.theatre.repertoire import AUTOENCODERS, TRANSFORMERS, caption, shoot
from dreamrelation.sampling.guidance import Guidance
from dreamrelation.sampling.schedules import noise_levels
from dreamrelation.sampling.solver import sample, starting_noise
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import Precisions

MODELS = Path(__file__).parents[2] / "data" / "puppets" / "models"
FLOAT32 = Precisions(autoencoder="float32", text_encoder="float32", denoiser="float32")
MODEL = Mochi(MochiSettings(path=str(MODELS / "mochi"), precision=FLOAT32), MachineSettings(device="cpu"))
MEGABYTE = 2**20


def test_all_models_together_stay_small_and_tell_how_they_were_trained() -> None:
    size = sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file())
    assert size <= 40 * MEGABYTE
    weights = {path.suffix for path in MODELS.rglob("*") if path.stat().st_size > MEGABYTE}
    assert weights == {".safetensors"}
    report = json.loads((MODELS / "mochi" / "training_report.json").read_text(encoding="utf-8"))
    assert all(report[part]["minutes"] > 0 and report[part]["final_loss"] > 0 for part in ("decoder", "transformer"))


def test_diffusers_pipeline_opens_the_folder_and_draws() -> None:
    pipeline: Any = MochiPipeline.from_pretrained(MODELS / "mochi")
    pipeline.set_progress_bar_config(disable=True)
    videos = pipeline(
        "A dog is pushing a cat.", height=64, width=96, num_frames=19, num_inference_steps=2, max_sequence_length=32,
        output_type="np",
    ).frames  # fmt: skip
    assert np.asarray(videos).shape == (1, 19, 64, 96, 3)


def test_clips_come_back_from_the_latents() -> None:
    autoencoder = MODEL.autoencoder()
    frames = np.stack([shoot(AUTOENCODERS, 99, n, 19, 64, 96).take.frames for n in range(3)])
    posterior = autoencoder.encode(frames)
    assert posterior.mean.shape == (3, 12, 4, 8, 12)
    back = autoencoder.decode(autoencoder.normalise(posterior.mean))
    error = np.abs(back.astype(float) - frames).mean() / 255
    flat = np.abs(frames - frames.mean(axis=(1, 2, 3), keepdims=True)).mean() / 255
    assert error < flat / 3


def test_the_latents_of_the_training_world_are_about_normal() -> None:
    autoencoder = MODEL.autoencoder()
    frames = np.stack([shoot(TRANSFORMERS, 98, n, 19, 64, 96).take.frames for n in range(8)])
    latents = autoencoder.normalise(autoencoder.encode(frames).mean)
    assert latents.mean().abs() < 0.2 and 0.7 < latents.std() < 1.3


@pytest.mark.parametrize("motion", ["walking_towards", "point_finger", "jumping"])
def test_motions_that_it_knows_are_recognised_by_the_judge(motion: str) -> None:
    denoiser, encoder, autoencoder = MODEL.denoiser(), MODEL.text_encoder(), MODEL.autoencoder()
    prompts = [
        caption(motion, kinds) for kinds in (("dog", "cat"), ("panda", "fox"), ("bear", "rabbit"), ("frog", "dog"))
    ]
    noise = starting_noise([1, 2, 3, 4], (12, 4, 8, 12))
    guidance = Guidance(3.0, encoder.embed([""]))
    latents = sample(denoiser, noise, encoder.embed(prompts), guidance, noise_levels(MOCHI.sampling.schedule, 16))
    videos = torch.from_numpy(autoencoder.decode(latents)).permute(0, 4, 1, 2, 3).float() / 127.5 - 1
    judge, facts = load_judge(MODELS / "judge")
    with torch.no_grad():
        said = judge(videos).motion.argmax(dim=1)
    names = facts["architecture"]["motions"]
    assert sum(names[int(n)] == motion for n in said) >= 2, [names[int(n)] for n in said]


def test_a_linear_start_already_rebuilds_more_than_flat_colour() -> None:
    """Block principal components, written into Mochi's layers, before any training."""
    torch.manual_seed(0)
    vae: Any = small_vae()
    clips = np.stack([shoot(AUTOENCODERS, 97, n, 7, 64, 96).take.frames for n in range(24)])
    start_linear(vae, clips, 0)
    vae.eval()
    video = torch.from_numpy(clips[:4]).permute(0, 4, 1, 2, 3).float() / 127.5 - 1
    with torch.no_grad():
        back = vae.decode(vae.encode(video).latent_dist.mean).sample
    flat = (video - video.mean(dim=(2, 3, 4), keepdim=True)).abs().mean()
    assert (back - video).abs().mean() < 0.8 * flat
