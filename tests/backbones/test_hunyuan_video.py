"""HunyuanVideo: what its configuration takes, what the model is told, its two text encoders, and what is refused."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from tests.small_hunyuan_video import POOLED

from dreamrelation.backbone_spec import Schedule
from dreamrelation.backbones.hunyuan_video.backbone import HunyuanVideo
from dreamrelation.backbones.hunyuan_video.denoiser import HunyuanVideoDenoiser
from dreamrelation.backbones.hunyuan_video.settings import HunyuanVideoSettings
from dreamrelation.backbones.hunyuan_video.spec import HUNYUAN_VIDEO
from dreamrelation.backbones.hunyuan_video.text_encoder import HunyuanVideoTextEncoder
from dreamrelation.backbones.interface import projection_modules
from dreamrelation.config import load
from dreamrelation.errors import UserError
from dreamrelation.sampling.guidance import Guidance, guided_velocity
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.stages import CaptionsStage
from dreamrelation.texts.cache import TextCache, write_texts

ROOT = Path(__file__).parents[2]
CPU = MachineSettings(device="cpu")
WORD = "<R>"


@pytest.fixture
def encoder(random_hunyuan_video: HunyuanVideoSettings) -> HunyuanVideoTextEncoder:
    return HunyuanVideoTextEncoder(random_hunyuan_video, CPU)


@pytest.fixture
def denoiser(random_hunyuan_video: HunyuanVideoSettings) -> HunyuanVideoDenoiser:
    return HunyuanVideoDenoiser(random_hunyuan_video, CPU)


def told_guidance(denoiser: HunyuanVideoDenoiser) -> list[list[float]]:
    """Filled by each forward pass with the guidance of each sample."""
    told: list[list[float]] = []
    denoiser.module.register_forward_pre_hook(
        lambda module, args, given: told.append(given["guidance"].tolist()), with_kwargs=True
    )
    return told


def test_the_shipped_configuration_takes_the_models_own_values() -> None:
    settings = load([ROOT / "config.yaml", ROOT / "configs/ntu_hunyuan_video.yaml"])
    assert settings.model == HunyuanVideoSettings()
    sampling = settings.generation.resolved(HUNYUAN_VIDEO)
    assert (sampling.sampling_steps, sampling.guidance_scale, sampling.embedded_guidance) == (50, 1.0, 6.0)
    assert sampling.frames_per_second == 24 and sampling.schedule == Schedule("shifted", 7.0)
    assert HUNYUAN_VIDEO.latent_grid(129, 720, 1280) == (33, 90, 160)
    for frames in (*settings.clips.pixel_frames, sampling.pixel_frames):
        HUNYUAN_VIDEO.check_pixel_frames(frames)


def test_a_model_that_takes_no_embedded_guidance_is_told_none() -> None:
    with pytest.raises(UserError, match="embedded_guidance is 6, expected none for Mochi"):
        load([ROOT / "config.yaml"], last={"generation": {"embedded_guidance": 6.0}})


def test_one_is_told_in_training_and_what_generation_says_in_generation(
    denoiser: HunyuanVideoDenoiser, encoder: HunyuanVideoTextEncoder
) -> None:
    told, texts = told_guidance(denoiser), encoder.embed(["a cat"])
    noisy = torch.randn(1, denoiser.channels, 2, 4, 6, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        trained = denoiser.velocity(noisy, torch.tensor([0.5]), texts)
        generated = guided_velocity(denoiser, noisy, 0.5, texts, Guidance(1.0, texts, 6.0))
        guided_velocity(denoiser, noisy, 0.5, texts, Guidance(2.0, encoder.embed([""]), 5.0))
    assert told == [[1000.0], [6000.0], [5000.0, 5000.0]]
    assert not torch.equal(trained, generated)


def test_the_whole_texts_feature_is_cached_and_reaches_the_model(
    denoiser: HunyuanVideoDenoiser, encoder: HunyuanVideoTextEncoder, tmp_path: Path
) -> None:
    write_texts(tmp_path / "texts.parquet", ["", "a cat"], encoder, "f")
    cached = TextCache(tmp_path / "texts.parquet", "f").look_up(["a cat", ""])
    assert cached.pooled is not None and cached.pooled.shape == (2, POOLED)
    expected = encoder.embed(["a cat", ""]).pooled
    assert expected is not None
    torch.testing.assert_close(cached.pooled, expected, rtol=1e-3, atol=1e-3)
    noisy, sigma = torch.zeros(2, denoiser.channels, 2, 4, 6), torch.full((2,), 0.5)
    swapped = type(cached)(cached.embedding, cached.attention_mask, cached.pooled.flip(0))
    with torch.no_grad():
        assert not torch.equal(denoiser.velocity(noisy, sigma, cached), denoiser.velocity(noisy, sigma, swapped))


@pytest.mark.parametrize("text", [f"A dog is {WORD} a cat.", f"{WORD} a cat.", f"A dog {WORD} and {WORD}"])
def test_a_placeholder_is_one_token_in_the_place_of_a_word_with_its_space(
    encoder: HunyuanVideoTextEncoder, text: str
) -> None:
    tokens = encoder.tokenize([text], WORD)
    ids = tokens.ids[0][tokens.attention_mask[0]].tolist()
    places = tokens.placeholder[0].nonzero()[:, 0].tolist()
    assert len(places) == text.count(WORD) and places[0] >= encoder.skipped
    around = [encoder.tokenizer.decode(ids[a:b]) for a, b in zip([0, *(p + 1 for p in places)], [*places, None])]  # noqa: B905
    assert "".join(around).endswith(text.replace(f" {WORD}", "").replace(WORD, "") + "<|eot_id|>")


def test_the_second_encoder_reads_the_text_without_the_placeholder(encoder: HunyuanVideoTextEncoder) -> None:
    found = encoder.tokenize([f"A dog is {WORD} a cat."], WORD).pooled
    expected = encoder.tokenize(["A dog is a cat."]).pooled
    assert found is not None and expected is not None and torch.equal(found, expected)


def test_layers_outside_the_blocks_are_no_projections(denoiser: HunyuanVideoDenoiser) -> None:
    """The refiner of text tokens has attention of the same names."""
    names = [name for name, _ in denoiser.module.named_modules()]
    assert any(name.startswith("context_embedder") and name.endswith(".attn.to_q") for name in names)
    found = projection_modules(denoiser, ("query", "output"))
    assert found == [
        "transformer_blocks.0.attn.to_q", "transformer_blocks.0.attn.add_q_proj", "transformer_blocks.0.attn.to_out.0",
        "transformer_blocks.0.attn.to_add_out", "single_transformer_blocks.0.attn.to_q",
        "single_transformer_blocks.0.proj_out", "single_transformer_blocks.1.attn.to_q",
        "single_transformer_blocks.1.proj_out",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("transformer/config.json", {"image_condition_type": "token_replace"}),
        ("vae/config.json", {"latent_channels": 8}),
    ],
)
def test_a_model_for_pictures_too_is_refused(
    random_hunyuan_video: HunyuanVideoSettings, file: str, values: dict[str, object], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(random_hunyuan_video.path, folder)
    (folder / file).write_text(json.dumps({**json.loads((folder / file).read_text()), **values}))
    other = random_hunyuan_video.model_copy(update={"path": str(folder)})
    with pytest.raises(UserError, match="takes 16 channels and pictures as .* is it a model for text to video"):
        HunyuanVideo(other, CPU).denoiser()


@pytest.mark.parametrize("folder", ["tokenizer", "tokenizer_2"])
def test_a_tokenizer_that_is_not_there_is_named(
    random_hunyuan_video: HunyuanVideoSettings, folder: str, tmp_path: Path
) -> None:
    shutil.copytree(random_hunyuan_video.path, tmp_path / "model")
    shutil.rmtree(tmp_path / "model" / folder)
    other = random_hunyuan_video.model_copy(update={"path": str(tmp_path / "model")})
    with pytest.raises(UserError, match=f"found no whole tokenizer in .*{folder},"):
        HunyuanVideo(other, CPU).text_encoder()


def test_the_number_of_tokens_to_cut_off_is_part_of_what_texts_depend_on() -> None:
    settings = load([ROOT / "config.yaml", ROOT / "configs/ntu_hunyuan_video.yaml"])
    dumped = CaptionsStage.of(settings).model_dump(mode="json")
    assert dumped["model"]["template_tokens"] == 95
