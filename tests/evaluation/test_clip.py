"""The real CLIP classes, with a tiny random model that the test writes."""

import json

import numpy as np
import pytest
import torch
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

from dreamrelation.evaluation.clip import Clip
from dreamrelation.evaluation.clip_text import ClipText, text_likeness
from dreamrelation.evaluation.measure import JudgedVideo
from dreamrelation.evaluation.measures import build_measures
from dreamrelation.settings.evaluation import EvaluationSettings

CPU = torch.device("cpu")
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
    return JudgedVideo(frames, "A dog is hugging a cat.", "hugging", ("dog", "cat"))


def test_features_are_of_unit_length_and_do_not_depend_on_the_batch(folder, video):
    features = Clip(str(folder), CPU, batch_size=5).of(video)
    assert features.shape == (5, 16)
    assert torch.allclose(features.norm(dim=1), torch.ones(5), atol=1e-6)
    fresh = JudgedVideo(video.frames, video.prompt, video.relation, video.subjects)
    assert torch.allclose(Clip(str(folder), CPU, batch_size=2).of(fresh), features, atol=1e-6)


def test_features_agree_with_transformers_own_likeness(folder, video):
    clip = Clip(str(folder), CPU, batch_size=5)
    pixels = clip.processor(images=list(video.frames), return_tensors="pt")
    tokens = clip.tokenizer(video.prompt, return_tensors="pt")
    with torch.inference_mode():
        logits = clip.model(pixel_values=pixels["pixel_values"], **tokens).logits_per_image[:, 0]
    expected = (logits / clip.model.logit_scale.exp()).mean()
    (score,) = ClipText(clip).take(video)
    assert score.value == pytest.approx(float(expected), abs=1e-5)
    assert "5 frames" in score.detail


def test_features_are_computed_once_per_video(folder, video):
    clip = Clip(str(folder), CPU, batch_size=5)
    assert clip.of(video) is clip.of(video)


def test_a_long_prompt_is_cut(folder):
    assert Clip(str(folder), CPU, batch_size=1).text("a dog " * 50).shape == (16,)


def test_likeness_is_the_mean_cosine():
    text, frames = torch.tensor([1.0, 0.0]), torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [1.0, 0.0]])
    assert text_likeness(text, frames) == pytest.approx(0.25)


def test_settings_with_clip_measure_clip_t(folder):
    settings = EvaluationSettings(judge=None, features="clip", clip_path=str(folder))
    names = [name for measure in build_measures(settings, "hugging", CPU) for name in measure.metrics]
    assert names == ["temporal_consistency", "clip_t", "motion"]


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Clip(str(tmp_path / "nowhere"), CPU, batch_size=1)
