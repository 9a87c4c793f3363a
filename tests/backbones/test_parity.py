"""Every backbone behind the interface does what diffusers' own pipeline does with the same weights."""

import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.tiny_models import Kind

from dreamrelation.backbones.interface import Denoiser, TextEmbeddings
from dreamrelation.sampling.guidance import Guidance
from dreamrelation.sampling.schedules import noise_levels
from dreamrelation.sampling.solver import sample, starting_noise

PROMPT = "A dog is shaking hands with a cat."
NEGATIVE = "a bear, a rabbit"
STEPS, SCALE = 8, 4.0


class TrueVelocity:
    """A denoiser that knows the clean latents and the noise."""

    device = torch.device("cpu")

    def __init__(self, clean: torch.Tensor, noise: torch.Tensor) -> None:
        self.answer = clean - noise

    def velocity(
        self, noisy: torch.Tensor, sigma: torch.Tensor, texts: TextEmbeddings, _: object = None
    ) -> torch.Tensor:
        return self.answer.repeat(len(noisy) // len(self.answer), 1, 1, 1, 1)


def pipeline_call(
    kind: Kind, prompts: list[str], noise: torch.Tensor, pixel_frames: int, output: str, negative: str = NEGATIVE
) -> Any:
    """What the kind's pipeline makes of the noise: latents, or frames (B, F, H, W, 3) in [0, 1]."""
    stride = kind.spec.spatial_stride
    return kind.pipeline()(
        prompts,
        negative_prompt=[negative] * len(prompts),
        height=stride * noise.shape[3],
        width=stride * noise.shape[4],
        num_frames=pixel_frames,
        num_inference_steps=STEPS,
        latents=kind.for_pipeline(noise.clone()),
        output_type=output,
        **kind.asked(SCALE),
    ).frames


def test_the_true_velocity_leads_to_the_clean_latents(kind: Kind) -> None:
    """Catches a wrong sign, and noise levels that do not go from 1 to 0."""
    clean, noise = torch.randn(2, 3, 2, 4, 4).unbind()
    text = TextEmbeddings(torch.zeros(1, 2, 4), torch.ones(1, 2, dtype=torch.bool))
    defaults = kind.spec.sampling
    denoiser = cast(Denoiser, TrueVelocity(clean[None], noise[None]))
    guidance = Guidance(defaults.guidance_scale, text)
    found = sample(denoiser, noise[None], text, guidance, noise_levels(defaults.schedule, defaults.steps))
    torch.testing.assert_close(found, clean[None], rtol=0, atol=1e-5)


@pytest.mark.parametrize("negative", [NEGATIVE, ""])
def test_our_sampler_draws_what_the_pipeline_draws(kind: Kind, negative: str) -> None:
    """Schedule, guidance, sign, timestep and how texts are seen agree, also of two prompts at once."""
    denoiser, encoder = kind.backbone.denoiser(), kind.backbone.text_encoder()
    noise = torch.cat([starting_noise([seed], (denoiser.channels, 2, 4, 6)) for seed in (7, 8)])
    prompts = [PROMPT, "a panda"]
    levels = noise_levels(kind.spec.sampling.schedule, STEPS)
    ours = sample(denoiser, noise, encoder.embed(prompts), kind.guidance(SCALE, encoder.embed([negative])), levels)
    theirs = kind.from_pipeline(pipeline_call(kind, prompts, noise, kind.pixel_frames(2), "latent", negative))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    assert (ours - noise).abs().mean() > 0.1


def test_latents_are_decoded_as_the_pipeline_decodes_them(kind: Kind) -> None:
    channels = kind.backbone.denoiser().channels
    noise = kind.noise(channels, 2, (3, *kind.cells(2, 3)))
    prompts, frames = [PROMPT, "a panda"], kind.pixel_frames(3)
    theirs = np.round(255 * pipeline_call(kind, prompts, noise, frames, "np")).astype(int)
    ours = kind.backbone.autoencoder().decode(kind.from_pipeline(pipeline_call(kind, prompts, noise, frames, "latent")))
    assert ours.shape == theirs.shape == (2, frames, *kind.size(2, 3), 3) and ours.dtype == np.uint8
    assert abs(ours.astype(int) - theirs).max() <= 1
    assert ours.std() > 10


def test_latents_keep_the_geometry_the_order_of_clips_and_the_statistics(kind: Kind) -> None:
    autoencoder, denoiser = kind.backbone.autoencoder(), kind.backbone.denoiser()
    frames, (height, width) = kind.pixel_frames(5), kind.size(2, 3)
    clips = np.random.default_rng(0).integers(0, 256, (2, frames, height, width, 3), dtype=np.uint8)
    both = autoencoder.encode(clips)
    expected = (2, denoiser.channels, *kind.spec.latent_grid(frames, height, width))
    assert both.mean.shape == both.log_variance.shape == expected
    torch.testing.assert_close(both.mean[1:], autoencoder.encode(clips[1:]).mean, rtol=1e-3, atol=1e-4)
    assert autoencoder.decode(both.mean[:1]).shape == (1, *clips.shape[1:])
    with pytest.raises(ValueError, match=f"{kind.spec.temporal_stride * kind.spec.latent_frame_step}k"):
        autoencoder.encode(clips[:, :-1])
    latents = both.mean.double()
    there = denoiser.normalise(latents)
    torch.testing.assert_close(there, autoencoder.normalise(latents), rtol=0, atol=0)
    torch.testing.assert_close(denoiser.denormalise(there), latents, rtol=0, atol=1e-12)


def test_the_first_latent_frame_that_a_pixel_frame_changes_is_the_one_that_covers_it(kind: Kind) -> None:
    """The causal rule of the spec, by which masks are brought to the latent grid, is the autoencoder's.

    Group norms are taken out: CogVideoX's see all frames, and so each frame reaches all latents a little.
    """
    frames, (height, width) = kind.pixel_frames(5), kind.size(1, 1)
    clip = np.random.default_rng(0).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)
    disturbed = np.stack([clip, *([clip] * frames)])
    for frame in range(frames):
        disturbed[1 + frame, frame] = 255 - disturbed[1 + frame, frame]
    autoencoder = kind.backbone.autoencoder()
    for module in autoencoder.module.modules():
        if isinstance(module, torch.nn.GroupNorm):
            module.forward = lambda input: input
    mean = autoencoder.encode(disturbed).mean
    change = (mean[1:] - mean[0]).abs().amax(dim=(1, 3, 4))
    first = [int((row > 1e-5).nonzero()[0, 0]) for row in change]
    covering = [k for k in range(5) for _ in kind.spec.covered_frames(k)]
    assert first == covering


@torch.no_grad()
@pytest.mark.parametrize("text", [PROMPT, "", "cat " * 40, " two  spaces . ", "Xylophone, 42!", "a &amp; b\n c"])
def test_texts_are_embedded_as_the_pipeline_embeds_them(kind: Kind, text: str) -> None:
    pipeline = kind.pipeline()
    ours, theirs = kind.backbone.text_encoder().embed([text]), kind.texts_of(pipeline, text)
    assert torch.equal(ours.embedding, theirs.embedding)
    assert torch.equal(ours.attention_mask, theirs.attention_mask)
    assert (ours.pooled is None) == (theirs.pooled is None)
    assert ours.pooled is None or torch.equal(ours.pooled, cast(torch.Tensor, theirs.pooled))


def test_a_text_does_not_depend_on_its_neighbours(kind: Kind) -> None:
    encoder = kind.backbone.text_encoder()
    together = encoder.embed([PROMPT, ""])
    assert torch.equal(together.embedding[0], encoder.embed([PROMPT]).embedding[0])
    counted = int(encoder.tokenize([PROMPT]).attention_mask.sum()) - getattr(encoder, "skipped", 0)
    assert counted == len(encoder.word_ids(PROMPT)) + 1, "one begins the text, or ends it"


def test_features_can_be_trained_through(kind: Kind) -> None:
    """Each token that counts has a gradient, so that a vector in its place can be learnt."""
    encoder = kind.backbone.text_encoder()
    tokens = encoder.tokenize([PROMPT])
    rows = encoder.input_embedding(tokens.ids).detach().requires_grad_()
    features = encoder.encode(rows, tokens)
    features.embedding.pow(2).sum().backward()
    assert rows.grad is not None and rows.grad.isfinite().all()
    assert (rows.grad[tokens.attention_mask].abs().amax(dim=-1) > 0).all()
    assert torch.equal(features.embedding.detach(), encoder.embed([PROMPT]).embedding)


def test_parts_without_a_file_of_the_variant_are_loaded_without_it(kind: Kind, tmp_path: Path) -> None:
    """Some publishers give a variant for the transformer only; diffusers' pipelines take the rest as it is."""
    shutil.copytree(kind.settings.path, tmp_path / "model")
    for weights in (tmp_path / "model").glob("transformer*/*.safetensors"):
        halved = {name: tensor / 2 for name, tensor in load_file(weights).items()}
        save_file(halved, weights.with_suffix(".bf16.safetensors"), metadata={"format": "pt"})
    mixed = Kind(kind.settings.model_copy(update={"path": str(tmp_path / "model"), "variant": "bf16"}))
    ours, plain = (dict(found.backbone.denoiser().module.named_parameters()) for found in (mixed, kind))
    assert all(torch.equal(ours[name], plain[name] / 2) for name in plain)
    assert torch.equal(mixed.backbone.text_encoder().embed([PROMPT]).embedding,
                       kind.backbone.text_encoder().embed([PROMPT]).embedding)  # fmt: skip
    mixed.backbone.autoencoder()
