"""Wan behind the interface: what the pipelines do in their own way. `test_parity.py` has what all backbones share."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import UniPCMultistepScheduler
from tests.backbones.split import answer
from tests.small_wan import opening, random_transformer
from tests.tiny_models import TOKENS, Kind, opened
from tests.training.setups import baseline_trainer

from dreamrelation.backbone_spec import Schedule
from dreamrelation.backbones.context_parallelism import check_tokens
from dreamrelation.backbones.interface import TextEmbeddings, projection_modules, visual_projections
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.backbones.wan.backbone import Wan, WanOfTwoExperts
from dreamrelation.backbones.wan.settings import Wan22Of5BSettings, Wan22OfA14BSettings, WanSettings
from dreamrelation.backbones.wan.spec import NEGATIVE_PROMPT, WAN, WAN_2_2_5B, WAN_2_2_A14B
from dreamrelation.config import load
from dreamrelation.errors import UserError
from dreamrelation.sampling.guidance import Guidance
from dreamrelation.sampling.schedules import noise_levels
from dreamrelation.sampling.solver import sample
from dreamrelation.settings.machine import MachineSettings

ROOT = Path(__file__).parents[2]
CPU = MachineSettings(device="cpu")
PROMPT = "A dog is shaking hands with a cat."
CELLS = (2, 4, 6)


def texts(count: int) -> TextEmbeddings:
    generator = torch.Generator().manual_seed(1)
    return TextEmbeddings(
        torch.randn(count, TOKENS, 64, generator=generator), torch.ones(count, TOKENS, dtype=torch.bool)
    )


def publishers_solver(shift: float) -> Any:
    """The solver that the scheduler_config.json of the published folders names."""
    return UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift)


def copied(settings: Any, folder: Path) -> Path:
    shutil.copytree(settings.path, folder)
    return folder


def test_the_shipped_configuration_takes_the_models_own_values() -> None:
    settings = load([ROOT / "config.yaml", ROOT / "configs/ntu_wan.yaml"])
    assert isinstance(settings.model, WanSettings) and settings.model == WanSettings()
    sampling = settings.generation.resolved(WAN)
    assert (sampling.sampling_steps, sampling.guidance_scale, sampling.frames_per_second) == (50, 5.0, 16)
    assert sampling.schedule == Schedule("shifted", 3.0) and sampling.negative_prompt == NEGATIVE_PROMPT
    assert WAN.latent_grid(81, settings.clips.height, settings.clips.width) == (21, 60, 104)
    for frames in (*settings.clips.pixel_frames, sampling.pixel_frames):
        WAN.check_pixel_frames(frames)


def test_grids_and_sampling_of_2_2() -> None:
    assert WAN_2_2_5B.latent_grid(121, 704, 1280) == (31, 44, 80)
    with pytest.raises(UserError, match="multiples of 32 for Wan 2.2 5B"):
        WAN_2_2_5B.check_size(720, 1280)
    assert WAN_2_2_A14B.latent_grid(81, 720, 1280) == (21, 90, 160)
    published = {
        WAN_2_2_5B.title: (5.0, 50, 5.0, 24), WAN_2_2_A14B.title: (12.0, 40, 4.0, 16),
    }  # fmt: skip
    for spec in (WAN_2_2_5B, WAN_2_2_A14B):
        own = spec.sampling
        found = (own.schedule.value, own.steps, own.guidance_scale, own.frames_per_second)
        assert found == published[spec.title] and own.negative_prompt == NEGATIVE_PROMPT


@pytest.mark.parametrize("shift", [3.0, 5.0, 12.0])
@pytest.mark.parametrize("steps", [12, 50])
def test_our_levels_are_those_of_the_publishers_solver(shift: float, steps: int) -> None:
    """But for its smallest step, 1/1000 before the shift, of which each level has a share."""
    solver = publishers_solver(shift)
    solver.set_timesteps(steps)
    ours, theirs = np.array(noise_levels(Schedule("shifted", shift), steps)), solver.sigmas.numpy()
    assert len(ours) == len(theirs) and theirs[-1] == 0
    assert abs(ours - theirs).max() <= shift / 1000


def test_with_more_steps_our_latents_come_near_those_of_the_publishers_solver(random_wan: WanSettings) -> None:
    """Euler's method against one of higher order on the same flow: twice the steps, half the distance."""
    kind = Kind(random_wan)
    denoiser, encoder, pipeline = kind.backbone.denoiser(), kind.backbone.text_encoder(), kind.pipeline()
    noise, scale, shift = kind.noise(16, 1, CELLS), 5.0, kind.spec.sampling.schedule.value
    guidance, wanted = Guidance(scale, encoder.embed([""])), encoder.embed([PROMPT])
    distance = {}
    for steps in (50, 200):
        pipeline.scheduler = publishers_solver(shift)
        theirs = pipeline(
            PROMPT, height=32, width=48, num_frames=5, num_inference_steps=steps, guidance_scale=scale,
            latents=noise.clone(), max_sequence_length=TOKENS, output_type="latent",
        ).frames  # fmt: skip
        ours = sample(denoiser, noise, wanted, guidance, noise_levels(Schedule("shifted", shift), steps))
        distance[steps] = float((ours - theirs).pow(2).mean().sqrt() / theirs.std())
    assert distance[50] < 0.03 and distance[200] < 0.01, "root mean square over the standard deviation"
    assert distance[200] < distance[50] / 3


def test_each_projection_is_its_layer_of_every_block(random_wan: WanSettings) -> None:
    denoiser = Wan(random_wan, CPU).denoiser()
    layers = {
        "query": "attn1.to_q", "key": "attn1.to_k", "value": "attn1.to_v", "output": "attn1.to_out.0",
        "cross_query": "attn2.to_q", "cross_key": "attn2.to_k", "cross_value": "attn2.to_v",
        "cross_output": "attn2.to_out.0", "feed_forward_in": "ffn.net.0.proj", "feed_forward_out": "ffn.net.2",
    }  # fmt: skip
    assert set(layers) == set(denoiser.spec.projections)
    for projection, layer in layers.items():
        assert projection_modules(denoiser, (projection,)) == [f"blocks.{n}.{layer}" for n in (0, 1)]
        assert all(isinstance(found, torch.nn.Linear) for found in visual_projections(denoiser, projection))


def test_the_projections_of_two_experts_are_those_of_both(random_wan_2_2_a14b: Wan22OfA14BSettings) -> None:
    denoiser = WanOfTwoExperts(random_wan_2_2_a14b, CPU).denoiser()
    assert projection_modules(denoiser, ("query",)) == [
        f"{expert}.blocks.{n}.attn1.to_q" for expert in ("transformer", "transformer_2") for n in (0, 1)
    ]


def test_features_beyond_the_text_are_zeros_and_take_part(random_wan: WanSettings) -> None:
    encoder, denoiser = Wan(random_wan, CPU).text_encoder(), Wan(random_wan, CPU).denoiser()
    found = encoder.embed([PROMPT])
    count = int(found.attention_mask.sum())
    assert 0 < count < TOKENS and not found.embedding[0, count:].any() and found.embedding[0, :count].all()
    shorter = TextEmbeddings(found.embedding[:, :count], found.attention_mask[:, :count])
    noisy, sigma = torch.randn(1, 16, *CELLS), torch.tensor([0.5])
    with torch.no_grad():
        apart = denoiser.velocity(noisy, sigma, found) - denoiser.velocity(noisy, sigma, shorter)
    assert apart.abs().max() > 1e-3


def test_the_published_text_encoder_has_one_table_whatever_its_config_says(
    random_wan: WanSettings, tmp_path: Path
) -> None:
    """The published folder says `tie_word_embeddings: false` and holds one table all the same; some versions of
    transformers then filled the other one with zeros (huggingface/transformers, pull request 43880).
    """
    folder = copied(random_wan, tmp_path / "model")
    config = folder / "text_encoder" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"tie_word_embeddings": False}))
    found = Wan(opening(WanSettings, folder), CPU).text_encoder()
    assert torch.equal(found.embed([PROMPT]).embedding, Wan(random_wan, CPU).text_encoder().embed([PROMPT]).embedding)


def test_the_autoencoder_is_float32_unless_told_otherwise() -> None:
    told: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({}, ("float32", "bfloat16")),
        ({"precision": {"text_encoder": "float32"}}, ("float32", "bfloat16")),
        ({"precision": "bfloat16"}, ("bfloat16", "bfloat16")),
        ({"precision": {"autoencoder": "bfloat16", "denoiser": "float32"}}, ("bfloat16", "float32")),
    ]
    for given, expected in told:
        precision = WanSettings.model_validate(given).precision
        assert (precision.autoencoder, precision.denoiser) == expected
    only = WanSettings().only("denoiser")
    assert only.precision.autoencoder is None
    assert WanSettings.model_validate(only.model_dump()) == only


def test_in_bfloat16_the_time_keeps_its_precision(random_wan: WanSettings) -> None:
    """Levels a thousandth apart are told apart; as bfloat16, both would be 936."""
    denoiser = Wan(random_wan.model_copy(update={"precision": WanSettings().precision}), CPU).denoiser()
    seen = []
    denoiser.module.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(kwargs["timestep"]), with_kwargs=True
    )
    with torch.no_grad():
        for sigma in (0.936, 0.937):
            answer = denoiser.velocity(torch.randn(1, 16, *CELLS), torch.tensor([sigma]), texts(1))
    assert answer.dtype == torch.float32
    assert [float(time) for time in seen] == pytest.approx([936, 937])
    assert denoiser.module.get_parameter("blocks.0.attn1.to_q.weight").dtype == torch.bfloat16
    assert denoiser.module.get_parameter("condition_embedder.time_embedder.linear_1.weight").dtype == torch.float32


def test_one_time_for_all_is_the_5bs_time_for_each_token(random_wan_2_2_5b: Wan22Of5BSettings) -> None:
    """Its pipeline gives each token a time, all the same for text to video."""
    denoiser = Wan(random_wan_2_2_5b, CPU).denoiser()
    noisy, sigma, given = torch.randn(1, 48, *CELLS), torch.tensor([0.7]), texts(1)
    tokens = CELLS[0] * (CELLS[1] // 2) * (CELLS[2] // 2)
    with torch.no_grad():
        theirs = denoiser.module(
            hidden_states=noisy,
            timestep=torch.full((1, tokens), 700.0),
            encoder_hidden_states=given.embedding,
            return_dict=False,
        )[0]
        torch.testing.assert_close(denoiser.velocity(noisy, sigma, given), -theirs, rtol=1e-4, atol=1e-4)


def test_each_sample_of_a_batch_is_answered_by_the_expert_of_its_noise_level(
    random_wan_2_2_a14b: Wan22OfA14BSettings,
) -> None:
    denoiser = WanOfTwoExperts(random_wan_2_2_a14b, CPU).denoiser()
    sigma = torch.tensor([0.2, 0.875, 0.87, 1.0])
    experts = ("transformer_2", "transformer", "transformer_2", "transformer")
    noisy, given = torch.randn(4, 16, *CELLS), texts(4)
    with torch.no_grad():
        together = denoiser.velocity(noisy, sigma, given)
        for row, name in enumerate(experts):
            one = slice(row, row + 1)
            alone = -denoiser.module.get_submodule(name)(
                hidden_states=noisy[one],
                timestep=1000 * sigma[one],
                encoder_hidden_states=given.embedding[one],
                return_dict=False,
            )[0]
            torch.testing.assert_close(together[one], alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("sigma", "trained"), [(0.95, "transformer"), (0.4, "transformer_2")])
def test_gradients_reach_the_expert_that_answered_alone(
    random_wan_2_2_a14b: Wan22OfA14BSettings, sigma: float, trained: str
) -> None:
    denoiser = WanOfTwoExperts(
        random_wan_2_2_a14b, MachineSettings(device="cpu", gradient_checkpointing=True)
    ).denoiser()
    weights = {
        name: denoiser.module.get_parameter(f"{name}.blocks.0.attn1.to_q.weight")
        for name in ("transformer", "transformer_2")
    }
    for weight in weights.values():
        weight.requires_grad_()
    denoiser.velocity(torch.randn(1, 16, *CELLS), torch.tensor([sigma]), texts(1)).pow(2).mean().backward()
    assert [name for name, weight in weights.items() if weight.grad is not None] == [trained]


def test_saving_memory_changes_nothing(random_wan: WanSettings) -> None:
    """Checkpointed blocks answer as others do; frames that fit one tile are encoded and decoded as without tiles."""
    lean = Wan(random_wan, MachineSettings(device="cpu", gradient_checkpointing=True, vae_tiling=True))
    usual = Wan(random_wan, CPU)
    denoiser = lean.denoiser()
    assert denoiser.module.is_gradient_checkpointing
    noisy, sigma = torch.randn(1, 16, *CELLS), torch.tensor([0.5])
    torch.testing.assert_close(
        denoiser.velocity(noisy, sigma, texts(1)), usual.denoiser().velocity(noisy, sigma, texts(1))
    )
    tiled: list[Any] = [backbone.autoencoder() for backbone in (lean, usual)]
    assert tiled[0].vae.use_tiling and not tiled[1].vae.use_tiling
    frames = np.random.default_rng(0).integers(0, 256, (1, 5, 32, 48, 3), dtype=np.uint8)
    assert torch.equal(lean.autoencoder().encode(frames).mean, usual.autoencoder().encode(frames).mean)


@pytest.mark.parametrize("kind", ["wan", "wan_2_2_5b"])
def test_tiles_give_frames_of_the_same_size(kind: str, request: pytest.FixtureRequest) -> None:
    settings = request.getfixturevalue(f"random_{kind}")
    autoencoder = Wan(settings, MachineSettings(device="cpu", vae_tiling=True)).autoencoder()
    frames = np.random.default_rng(0).integers(0, 256, (1, 5, 64, 320, 3), dtype=np.uint8)
    mean = autoencoder.encode(frames).mean
    assert mean.shape[2:] == settings.spec.latent_grid(5, 64, 320)
    assert autoencoder.decode(mean).shape == frames.shape


def test_a_model_of_another_kind_of_wan_is_refused(
    random_wan: WanSettings, random_wan_2_2_5b: Wan22Of5BSettings, random_wan_2_2_a14b: Wan22OfA14BSettings
) -> None:
    with pytest.raises(UserError, match=r"strides \(4, 16\) .*, expected \(4, 8\) of Wan 2.1; is model.kind"):
        Wan(opening(WanSettings, Path(random_wan_2_2_5b.path)), CPU).autoencoder()
    with pytest.raises(UserError, match="found the boundary_ratio 0.875 .*, expected none for Wan 2.1"):
        Wan(opening(WanSettings, Path(random_wan_2_2_a14b.path)), CPU).denoiser()
    with pytest.raises(UserError, match="found no boundary_ratio in model_index.json, expected one between"):
        WanOfTwoExperts(opening(Wan22OfA14BSettings, Path(random_wan.path)), CPU).denoiser()


def test_a_model_that_wants_an_image_too_is_refused(random_wan: WanSettings, tmp_path: Path) -> None:
    folder = copied(random_wan, tmp_path / "model")
    random_transformer(36, seed=1).save_pretrained(folder / "transformer")
    with pytest.raises(UserError, match="takes 36 channels, expected the 16 of its autoencoder; is it a model"):
        Wan(opening(WanSettings, folder), CPU).denoiser()


def test_two_experts_are_not_trained_by_several_processes_but_may_generate(
    random_wan_2_2_a14b: Wan22OfA14BSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("dreamrelation.training.loop.process_count", lambda: 2)
    with pytest.raises(UserError, match="found 2 processes, expected one: Wan 2.2 A14B"):
        baseline_trainer("lora", random_wan_2_2_a14b, tmp_path)
    monkeypatch.setenv("WORLD_SIZE", "2")
    WanOfTwoExperts(random_wan_2_2_a14b, CPU).denoiser()


def test_statistics_that_are_missing_are_named(random_wan: WanSettings, tmp_path: Path) -> None:
    folder = copied(random_wan, tmp_path / "model")
    config = folder / "vae" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"latents_std": None}))
    with pytest.raises(UserError, match="the autoencoder's config.json lacks latents_std"):
        Wan(opening(WanSettings, folder), CPU).denoiser()


def test_fingerprints_follow_both_experts(random_wan_2_2_a14b: Wan22OfA14BSettings, tmp_path: Path) -> None:
    folder = copied(random_wan_2_2_a14b, tmp_path / "model")
    copy = WanOfTwoExperts(opening(Wan22OfA14BSettings, folder), CPU)
    before = copy.fingerprint("denoiser")
    weights = folder / "transformer_2" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes() + b"0")
    assert copy.fingerprint("denoiser") != before
    assert str(weights) in copy.settings.files()


def test_two_processes_answer_together_what_one_does(random_wan: WanSettings, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    runs = []
    for rank in range(2):
        environment = {
            **os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        command = [sys.executable, "-m", "tests.backbones.split", random_wan.path, str(tmp_path / f"{rank}.pt")]
        runs.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
    for run in runs:
        _, said = run.communicate(timeout=300)
        assert run.returncode == 0, said[-2000:]
    expected = answer(random_wan)
    for rank in range(2):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_what_cannot_be_divided_is_refused(
    random_wan: WanSettings, random_mochi: MochiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(UserError, match="found 2 heads of attention and 3 processes"):
        opened(random_wan, split_videos=True).denoiser()
    with pytest.raises(UserError, match="machine.split_videos: Mochi cannot be divided among processes"):
        opened(random_mochi, split_videos=True).denoiser()
    check_tokens(random_wan.spec, (3, 4, 6))
    with pytest.raises(UserError, match="machine.split_videos: found 8 tokens of a video and 3 processes"):
        check_tokens(random_wan.spec, (2, 4, 4))
