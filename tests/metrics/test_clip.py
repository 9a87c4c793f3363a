"""The real CLIP classes, with a tiny random model that the test writes."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

from dreamrelation.errors import UserError
from dreamrelation.metrics.anchored_consistency import anchored_cosine
from dreamrelation.metrics.clip.clip_text import ClipText, text_similarity
from dreamrelation.metrics.clip.model import Clip
from dreamrelation.metrics.clip.settings import ClipTextSettings
from dreamrelation.metrics.interface import VideoSample
from dreamrelation.metrics.temporal_consistency import consecutive_cosine
from dreamrelation.relations import RELATIONS
from dreamrelation.settings.kinds import METRICS
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of

LETTERS = "abcdefghijklmnopqrstuvwxyz."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip")
    pieces = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), "<|startoftext|>", "<|endoftext|>"]
    (path / "vocab.json").write_text(json.dumps({piece: number for number, piece in enumerate(pieces)}))
    (path / "merges.txt").write_text("#version: 0.2\n")
    CLIPTokenizer.from_pretrained(path).save_pretrained(path)
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    end = pieces.index("<|endoftext|>")
    text = {**size, "vocab_size": len(pieces), "max_position_embeddings": 24, "bos_token_id": end - 1}
    config = CLIPConfig(
        text_config={**text, "eos_token_id": end, "pad_token_id": end},
        vision_config={**size, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    torch.manual_seed(0)
    CLIPModel(config).save_pretrained(path)
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=32).save_pretrained(path)
    return path


@pytest.fixture
def video():
    frames = np.random.default_rng(0).integers(0, 256, (5, 48, 64, 3)).astype(np.uint8)
    return VideoSample("000", frames, "A dog is hugging a cat.", RELATIONS["hugging"], ("dog", "cat"))


def machine(batch: int = 5) -> MachineSettings:
    return MachineSettings(device="cpu", metric_batch=batch)


def open_clip(path, batch: int = 5) -> Clip:
    return Clip(ClipTextSettings(path=str(path)), machine(batch))


def test_features_are_of_unit_length_and_do_not_depend_on_the_batch(folder, video):
    features = open_clip(folder).frame_features(video.frames)
    assert features.shape == (5, 16)
    assert torch.allclose(features.norm(dim=1), torch.ones(5), atol=1e-6)
    assert torch.allclose(open_clip(folder, batch=2).frame_features(video.frames), features, atol=1e-6)


def test_clip_t_agrees_with_transformers_own_similarity(folder, video):
    metric = ClipText(ClipTextSettings(path=str(folder)), machine())
    clip = metric.clip
    pixels = clip.processor(images=list(video.frames), return_tensors="pt")
    tokens = clip.tokenizer(video.prompt, return_tensors="pt")
    with torch.inference_mode():
        logits = clip.model(pixel_values=pixels["pixel_values"], **tokens).logits_per_image[:, 0]
    expected = (logits / clip.model.logit_scale.exp()).mean()
    score = metric.score(video)
    assert score.value == pytest.approx(float(expected), abs=1e-5)
    assert "5 frames" in score.detail and clip.name in score.detail


def test_a_long_prompt_is_cut(folder):
    assert open_clip(folder).text_features("a dog " * 50).shape == (16,)


def test_similarity_is_the_mean_cosine():
    text, frames = torch.tensor([1.0, 0.0]), torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [1.0, 0.0]])
    assert text_similarity(text, frames) == pytest.approx(0.25)


@pytest.mark.parametrize("kind", ["clip_t", "clip_temporal_consistency", "background_consistency"])
def test_each_metric_is_built_from_its_settings_and_names_the_weights(folder, video, kind):
    settings = METRICS.settings_of(kind).model_validate({"kind": kind, "path": str(folder)})
    metric = implementation_of(settings)(settings, machine())
    clip = open_clip(folder)
    features = clip.frame_features(video.frames)
    expected = {
        "clip_t": text_similarity(clip.text_features(video.prompt), features),
        "clip_temporal_consistency": consecutive_cosine(features),
        "background_consistency": anchored_cosine(features),
    }
    assert metric.score(video).value == pytest.approx(expected[kind])
    assert clip.name in metric.note
    assert str(folder / "model.safetensors") in settings.files()  # pyright: ignore[reportAttributeAccessIssue]


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(UserError, match="clip_t: path: found no CLIP at .*nowhere"):
        open_clip(tmp_path / "nowhere")


class Payload:
    """What a pickle of somebody else's may hold: a call."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_model_whose_weights_are_a_pickle_that_calls_something_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").unlink()
    torch.save({"logit_scale": Payload(tmp_path / "pwned")}, tmp_path / "model" / "pytorch_model.bin")
    with pytest.raises(UserError, match="clip_t: path: found no CLIP"):
        Clip(ClipTextSettings(path=str(tmp_path / "model")), MachineSettings(device="cpu"))
    assert not (tmp_path / "pwned").exists()
    torch.load(tmp_path / "model" / "pytorch_model.bin", weights_only=False)
    assert (tmp_path / "pwned").exists(), "the payload is one"


def test_code_that_a_model_brings_is_not_run(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "model")
    (tmp_path / "model" / "own.py").write_text(f"open({str(tmp_path / 'pwned')!r}, 'w')\n")
    config = {"tokenizer_class": "OwnTokenizer", "auto_map": {"AutoTokenizer": ["own.OwnTokenizer", None]}}
    (tmp_path / "model" / "tokenizer_config.json").write_text(json.dumps(config))
    Clip(ClipTextSettings(path=str(tmp_path / "model")), MachineSettings(device="cpu"))
    assert not (tmp_path / "pwned").exists()
