"""Mochi behind the interface: diffusers' own pipeline is the reference."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import MochiPipeline

from dreamrelation.backbones.opening import open_autoencoder, open_denoiser, open_text_encoder
from dreamrelation.generation.sampling import Guidance, sample, starting_noise
from dreamrelation.settings.model import ModelSettings

PROMPT = "A dog is shaking hands with a cat."


def test_normalise_and_denormalise_are_inverse_and_give_channel_statistics(random_mochi: ModelSettings) -> None:
    denoiser = open_denoiser(random_mochi)
    latents = torch.randn(2, 12, 4, 2, 3, dtype=torch.float64)
    there = denoiser.normalise(latents)
    torch.testing.assert_close(denoiser.denormalise(there), latents, rtol=0, atol=1e-12)
    k = 5
    torch.testing.assert_close(there[:, k], (latents[:, k] - 0.5) / 1.5, rtol=0, atol=1e-6)


def test_encoding_keeps_the_geometry_and_the_order_of_clips(random_mochi: ModelSettings) -> None:
    autoencoder = open_autoencoder(random_mochi)
    frames = np.random.default_rng(0).integers(0, 256, (2, 19, 32, 48, 3), dtype=np.uint8)
    both = autoencoder.encode(frames)
    assert both.mean.shape == both.log_variance.shape == (2, 12, 4, 4, 6)
    torch.testing.assert_close(both.mean[1:], autoencoder.encode(frames[1:]).mean, rtol=1e-3, atol=1e-4)
    film = autoencoder.decode(both.mean[:1])
    assert film.shape == (1, 19, 32, 48, 3) and film.dtype == np.uint8
    with pytest.raises(ValueError, match="6k"):
        autoencoder.encode(frames[:, :18])


def test_a_caption_does_not_depend_on_its_neighbours_and_the_empty_one_counts_no_token(
    random_mochi: ModelSettings,
) -> None:
    encoder = open_text_encoder(random_mochi)
    together = encoder.embed([PROMPT, ""])
    assert torch.equal(together.embedding[0], encoder.embed([PROMPT]).embedding[0])
    assert together.attention_mask[0].sum() == len(encoder.pipeline.tokenizer(PROMPT).input_ids)  # type: ignore[attr-defined]
    assert not together.attention_mask[1].any()


def test_adapted_modules_are_those_of_every_block_and_both_branches(random_mochi: ModelSettings) -> None:
    denoiser = open_denoiser(random_mochi)
    block = "transformer_blocks.{}.attn1.{}"
    assert set(denoiser.adapted_modules(("query", "key"))) == {
        block.format(n, layer) for n in (0, 1) for layer in ("to_q", "to_k", "add_q_proj", "add_k_proj")
    }
    assert set(denoiser.adapted_modules(("value",))) == {
        block.format(n, layer) for n in (0, 1) for layer in ("to_v", "add_v_proj")
    }
    # the last block has no output layer for text
    assert set(denoiser.adapted_modules(("output",))) == {
        block.format(0, "to_out.0"), block.format(1, "to_out.0"), block.format(0, "to_add_out"),
    }  # fmt: skip


def test_our_sampler_draws_what_the_pipeline_draws(random_mochi: ModelSettings) -> None:
    """Noise, schedule, guidance, sign and timestep agree with diffusers' MochiPipeline."""
    steps, scale = 8, 4.0
    denoiser, encoder = open_denoiser(random_mochi), open_text_encoder(random_mochi)
    noise = starting_noise([7], (12, 2, 4, 6))
    ours = sample(
        denoiser,
        noise,
        encoder.embed([PROMPT]),
        Guidance(scale, encoder.embed([""])),
        denoiser.sampling_sigmas(steps, 0.025),
    )
    pipeline = MochiPipeline.from_pretrained(random_mochi.path)
    pipeline.set_progress_bar_config(disable=True)
    theirs = pipeline(
        PROMPT, height=32, width=48, num_frames=7, num_inference_steps=steps, guidance_scale=scale,
        latents=noise.clone(), max_sequence_length=32, output_type="latent",
    ).frames  # fmt: skip
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"model.path .*: found no model_index.json"):
        open_denoiser(ModelSettings(path=str(tmp_path)))


def test_asking_for_cuda_where_there_is_none_is_refused(
    random_mochi: ModelSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RuntimeError, match="model.device is cuda"):
        open_denoiser(random_mochi.model_copy(update={"device": "cuda"}))


def test_an_odd_number_of_sampling_steps_is_refused(random_mochi: ModelSettings) -> None:
    with pytest.raises(ValueError, match="found 7 sampling steps"):
        open_denoiser(random_mochi).sampling_sigmas(7, 0.025)
