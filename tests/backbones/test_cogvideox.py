"""CogVideoX: its noise levels and timesteps, the 2B's places, and what is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import CogVideoXDDIMScheduler
from tests.small_cogvideox import TOKENS
from tests.tiny_models import Kind

from dreamrelation.backbones.cogvideox.backbone import CogVideoX
from dreamrelation.backbones.cogvideox.noise import Timesteps
from dreamrelation.backbones.cogvideox.settings import SCHEDULER, CogVideoX2BSettings, CogVideoXSettings
from dreamrelation.errors import UserError
from dreamrelation.sampling.guidance import Guidance
from dreamrelation.sampling.schedules import noise_levels, zero_terminal_snr
from dreamrelation.sampling.solver import sample, starting_noise
from dreamrelation.settings.machine import MachineSettings

CPU = MachineSettings(device="cpu")


def scheduler(shift: float) -> CogVideoXDDIMScheduler:
    return CogVideoXDDIMScheduler(**SCHEDULER, snr_shift_scale=shift)


@pytest.mark.parametrize("shift", [1.0, 3.0])
@pytest.mark.parametrize("steps", [4, 50])
def test_levels_and_timesteps_are_those_of_the_scheduler(shift: float, steps: int) -> None:
    theirs = scheduler(shift)
    theirs.set_timesteps(steps)
    levels = noise_levels(CogVideoXSettings.spec.sampling.schedule.__class__("zero_terminal_snr", shift), steps)
    kept = theirs.alphas_cumprod[theirs.timesteps].double().numpy()
    ratio = np.sqrt((1 - kept[1:]) / kept[1:])  # s/α = σ/(1 − σ)
    assert levels[0] == 1 and levels[-1] == 0 and len(levels) == steps + 1
    np.testing.assert_allclose(levels[1:-1], ratio / (1 + ratio), rtol=1e-6)
    found = Timesteps(theirs.alphas_cumprod).of(torch.tensor(levels[:-1]))
    assert found.tolist() == theirs.timesteps.tolist()


def test_timesteps_rise_with_the_level_and_stay_in_the_table() -> None:
    timesteps = Timesteps(scheduler(1.0).alphas_cumprod)
    found = timesteps.of(torch.linspace(0, 1, 501))
    assert found[0] == 0 and found[-1] == 999 and bool((found.diff() >= 0).all())
    assert bool((found.diff() > 0)[20:].all())


def test_a_number_of_steps_beyond_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="found 1001 sampling steps, expected 1 to 1000"):
        zero_terminal_snr(1001, 1.0)


def test_the_true_v_gives_the_true_velocity(random_cogvideox: CogVideoXSettings) -> None:
    """v = α·ε − s·x at any noise level, float64 but for the network's own float32."""
    denoiser = CogVideoX(random_cogvideox, CPU).denoiser()
    clean, noise = torch.randn(2, 4, 16, 2, 4, 6, generator=torch.Generator().manual_seed(0)).unbind()
    sigma = torch.tensor([0.0, 0.2, 0.7, 1.0])
    level = sigma.view(-1, 1, 1, 1, 1)
    scale = ((1 - level) ** 2 + level**2).rsqrt()
    true_v = scale * ((1 - level) * noise - level * clean)
    shown = {}

    def network(**given: torch.Tensor) -> tuple[torch.Tensor]:
        shown.update(given)
        return (true_v.transpose(1, 2),)

    denoiser.module.forward = network
    texts = CogVideoX(random_cogvideox, CPU).text_encoder().embed(["a cat"]).expand(4)
    noisy = (1 - level) * clean + level * noise
    found = denoiser.velocity(noisy, sigma, texts)
    torch.testing.assert_close(found, clean - noise, rtol=1e-5, atol=1e-5)
    variance = scale**2 * ((1 - level) ** 2 + level**2)
    torch.testing.assert_close(variance, torch.ones_like(variance))
    torch.testing.assert_close(shown["hidden_states"].transpose(1, 2), scale * noisy)


def test_the_2b_samples_as_its_pipeline_does(random_cogvideox_2b: CogVideoX2BSettings) -> None:
    kind = Kind(random_cogvideox_2b)
    denoiser, encoder = kind.backbone.denoiser(), kind.backbone.text_encoder()
    noise = starting_noise([7], (denoiser.channels, 3, 8, 12))
    levels = noise_levels(kind.spec.sampling.schedule, 10)
    ours = sample(denoiser, noise, encoder.embed(["a cat"]), Guidance(4.0, encoder.embed([""])), levels)
    theirs = kind.pipeline()(
        "a cat",
        height=64,
        width=96,
        num_frames=9,
        num_inference_steps=10,
        guidance_scale=4.0,
        latents=noise.transpose(1, 2).clone(),
        max_sequence_length=TOKENS,
        output_type="latent",
    ).frames
    torch.testing.assert_close(ours, theirs.transpose(1, 2), rtol=1e-4, atol=1e-4)


def test_frames_come_in_eights_and_one() -> None:
    spec = CogVideoXSettings.spec
    assert spec.latent_grid(49, 480, 720) == (13, 60, 90)
    with pytest.raises(UserError, match=r"found 53 pixel frames, expected 8k\+1"):
        spec.check_pixel_frames(53)


def changed(settings: CogVideoXSettings, folder: Path, file: str, **values: object) -> CogVideoXSettings:
    """A copy of the model with other values in one of its configurations."""
    shutil.copytree(settings.path, folder)
    config = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps({**config, **values}))
    return settings.model_copy(update={"path": str(folder)})


def test_the_noise_of_the_other_size_is_refused(random_cogvideox: CogVideoXSettings, tmp_path: Path) -> None:
    other = changed(random_cogvideox, tmp_path / "model", "scheduler/scheduler_config.json", snr_shift_scale=3.0)
    with pytest.raises(UserError, match=r"its scheduler has \{'snr_shift_scale': 3.0\}.*is model.kind that of this"):
        CogVideoX(other, CPU).denoiser()


def test_a_model_for_images_too_is_refused(random_cogvideox: CogVideoXSettings, tmp_path: Path) -> None:
    other = changed(random_cogvideox, tmp_path / "model", "vae/config.json", latent_channels=8)
    with pytest.raises(UserError, match="takes 16 channels, expected the 8 of its autoencoder"):
        CogVideoX(other, CPU).denoiser()
