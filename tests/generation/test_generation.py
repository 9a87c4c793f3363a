"""Generation: seeds, guidance, adapters, and the manifest."""

from pathlib import Path

import pytest
import torch

from dreamrelation import config, tables
from dreamrelation.adapters.placement import AdapterShape, adapter_parameters, place
from dreamrelation.adapters.storage import save_adapter
from dreamrelation.backbones.interface import CaptionEmbeddings
from dreamrelation.backbones.opening import open_denoiser, open_text_encoder
from dreamrelation.backbones.weights import text_fingerprint
from dreamrelation.captions.stage import caption_rows, needed_texts
from dreamrelation.generation import stage
from dreamrelation.generation.prompts import requests
from dreamrelation.generation.sampling import Guidance, guided_velocity, sample, starting_noise
from dreamrelation.settings.experiment import ExperimentSettings, overlay
from dreamrelation.settings.model import ModelSettings
from dreamrelation.video import decode

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(random_mochi: ModelSettings) -> ExperimentSettings:
    small = {
        "model": random_mochi.model_dump(),
        "clips": {"height": 32, "width": 48, "pixel_frames": [7]},
        "training": {"rank": 4, "alpha": 4.0},
        "generation": {"subjects": [["dog", "cat"], ["frog", "fox"]], "videos_per_prompt": 1, "sampling_steps": 2,
                       "pixel_frames": 7, "batch_size": 2},
    }  # fmt: skip
    return config.from_mapping(overlay(config.load([ROOT / "config.yaml"]).model_dump(), small), "test")


def embedded(settings: ExperimentSettings, folder: Path) -> Path:
    path = folder / "captions.parquet"
    rows = caption_rows(needed_texts(settings, []), open_text_encoder(settings.model))
    schema = tables.captions_schema(*rows[0]["embedding"].shape)
    tables.write(path, schema, rows, fingerprint=text_fingerprint(settings.model))
    return path


def written_adapters(settings: ExperimentSettings, folder: Path) -> Path:
    denoiser = open_denoiser(settings.model)
    method = settings.method("dreamrelation")
    place(denoiser, method.placement, AdapterShape(method.rank, method.alpha), 1)
    folder.mkdir()
    for adapter in method.placement:
        for parameter in adapter_parameters(denoiser.module, adapter).values():
            parameter.data = torch.full_like(parameter.data, 0.05)
        save_adapter(denoiser.module, adapter, folder, {})
    return folder


def test_seeds_depend_on_prompt_and_repeat_alone(settings: ExperimentSettings) -> None:
    wanted = requests(settings, "hugging")
    fewer = settings.model_copy(
        update={"generation": settings.generation.model_copy(update={"subjects": (("frog", "fox"),)})}
    )
    assert requests(fewer, "hugging")[0].seed == wanted[1].seed
    assert len({request.seed for request in wanted}) == len(wanted)
    assert wanted[0].prompt == "A dog is hugging a cat."


def test_a_video_does_not_depend_on_its_batch(settings: ExperimentSettings, random_mochi: ModelSettings) -> None:
    denoiser, encoder = open_denoiser(random_mochi), open_text_encoder(random_mochi)
    guidance = Guidance(4.0, encoder.embed([""]))
    captions = encoder.embed(["A dog is hugging a cat.", "A frog is hugging a fox."])
    noise = starting_noise([11, 12], (12, 2, 4, 6))
    assert torch.equal(noise[1], starting_noise([12], (12, 2, 4, 6))[0])
    sigmas = denoiser.sampling_sigmas(4, 0.025)
    together = sample(denoiser, noise, captions, guidance, sigmas)
    second = CaptionEmbeddings(captions.embedding[1:], captions.attention_mask[1:])
    alone = sample(denoiser, noise[1:], second, guidance, sigmas)
    torch.testing.assert_close(together[1:], alone, rtol=1e-4, atol=1e-4)


def test_guidance_is_linear_between_the_two_answers(random_mochi: ModelSettings) -> None:
    denoiser, encoder = open_denoiser(random_mochi), open_text_encoder(random_mochi)
    empty, prompt = encoder.embed([""]), encoder.embed(["A dog is hugging a cat."])
    noisy = starting_noise([3], (12, 2, 4, 6))
    with torch.no_grad():
        one, three, five = (guided_velocity(denoiser, noisy, 0.6, prompt, Guidance(s, empty)) for s in (1.0, 3.0, 5.0))
    torch.testing.assert_close(three - one, five - three, rtol=1e-3, atol=1e-4)


def test_the_stage_writes_films_and_a_manifest_of_all_that_made_them(
    settings: ExperimentSettings, tmp_path: Path
) -> None:
    captions, adapters = embedded(settings, tmp_path), written_adapters(settings, tmp_path / "adapters")
    stage.run(settings, "hugging", "dreamrelation", captions, adapters, tmp_path / "videos", tmp_path / "v.parquet")
    rows = tables.read(tmp_path / "v.parquet", tables.VIDEOS).to_pylist()
    assert [row["video"] for row in rows] == ["dog_cat_0", "frog_fox_0"]
    for row in rows:
        assert len(list(decode(tmp_path / row["file"]))) == 7
        assert tables.file_sha256(tmp_path / row["file"]) == row["sha256"]
        assert [entry.split(":")[0] for entry in row["adapters"]] == ["relation", "ffn"]
    stage.run(settings, "hugging", "base", captions, None, tmp_path / "base", tmp_path / "base.parquet")
    base = tables.read(tmp_path / "base.parquet", tables.VIDEOS).to_pylist()
    assert [row["seed"] for row in base] == [row["seed"] for row in rows]
    assert base[0]["sha256"] != rows[0]["sha256"] and base[0]["adapters"] == []


def test_only_relation_and_ffn_are_loaded(settings: ExperimentSettings, tmp_path: Path) -> None:
    denoiser = stage.adapted_denoiser(
        settings, settings.method("dreamrelation"), written_adapters(settings, tmp_path / "adapters")
    )
    names = {name for name, _ in denoiser.module.named_parameters() if "lora_" in name}
    assert names and all(".relation." in name or ".ffn." in name for name in names)
    assert not any(parameter.requires_grad for parameter in denoiser.module.parameters())


def test_adapters_that_do_not_fit_the_method_are_refused(settings: ExperimentSettings, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--adapters"):
        stage.adapted_denoiser(settings, settings.method("dreamrelation"), None)
    with pytest.raises(ValueError, match="has none"):
        stage.adapted_denoiser(settings, settings.method("base"), tmp_path)
    with pytest.raises(FileNotFoundError, match="relation.safetensors"):
        stage.adapted_denoiser(settings, settings.method("dreamrelation"), tmp_path)


def test_a_prompt_that_was_not_embedded_is_named(settings: ExperimentSettings, tmp_path: Path) -> None:
    captions = embedded(settings, tmp_path)
    more = settings.model_copy(
        update={"generation": settings.generation.model_copy(update={"subjects": (("owl", "ape"),)})}
    )
    with pytest.raises(KeyError, match="An owl is hugging an ape"):
        stage.run(more, "hugging", "base", captions, None, tmp_path / "videos", tmp_path / "v.parquet")
    assert not (tmp_path / "videos").exists()
