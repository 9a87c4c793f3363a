"""The small Mochi's trainings in miniature: they go on where they stopped, and the stage writes models that open."""

import copy
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLMochi, MochiPipeline
from torch import Tensor

from dreamrelation.metrics.puppet_judge.storage import load_judge
from dreamrelation.puppets.models import train_mochi
from dreamrelation.puppets.models.silent_branches import silent_branches_skipped
from dreamrelation.puppets.models.small_mochi import small_tokenizer
from dreamrelation.puppets.models.train_actor import ActorTraining
from dreamrelation.puppets.models.train_decoder import DecoderTraining, Phase, train_decoder
from dreamrelation.puppets.models.train_judge import JudgeTraining
from dreamrelation.puppets.models.train_transformer import TransformerState, train_transformer
from dreamrelation.puppets.models.training_loop import TrainingState, store, stored
from dreamrelation.puppets.models.training_set import (
    LatentSet,
    PixelSet,
    TrainingSetSize,
    make_latent_set,
    make_pixel_set,
)
from dreamrelation.puppets.models.transformer_examples import Examples
from dreamrelation.puppets.models.transformer_settings import Course, TransformerTraining
from dreamrelation.puppets.theatre.repertoire import IMPROVISED, TRANSFORMERS
from dreamrelation.stages import puppet_models

SIZE = TrainingSetSize(autoencoder_clips=4, transformer_clips=6, improvised_clips=3)
DECODER = DecoderTraining(phases=(Phase(3, 2, 4, 4, 2), Phase(2, 4, 4, 4, 1)), warmup_steps=1)
TRANSFORMER = TransformerTraining(
    courses=(
        Course(3, decay_steps=1, matrix_learning_rate=5e-3, learning_rate=1e-3, warmup_steps=1),
        Course(3, decay_steps=2, matrix_learning_rate=3e-3, learning_rate=1e-3, warmup_steps=1, improvised_share=0.5),
    ),
    batch=2,
    caption_dropout=0.5,
    compiled=False,
)
JUDGE = JudgeTraining(
    clips=8, decoded_clips=2, held_out_clips=10, calibration_clips=4, frames=7, spare_frames=6, steps=2, batch=2,
    warmup_steps=1,
)  # fmt: skip
ACTOR = ActorTraining(clips=3, views=1, held_out_clips=2, frames=7, spare_frames=1, steps=2, batch=2, warmup_steps=1)


class Stopped(Exception):
    """As if the machine had gone down."""


@pytest.fixture(scope="module")
def vae() -> AutoencoderKLMochi:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_mochi, "FITTED_CLIPS", 6)
        return train_mochi.linear_vae(SIZE)


@pytest.fixture(scope="module")
def data(vae: AutoencoderKLMochi) -> PixelSet:
    return make_pixel_set(vae, SIZE, lambda done: None)


@pytest.fixture(scope="module")
def latents(vae: AutoencoderKLMochi) -> LatentSet:
    return make_latent_set(vae, SIZE, TRANSFORMERS, range(SIZE.transformer_clips))


@pytest.fixture(scope="module")
def improvised(vae: AutoencoderKLMochi) -> LatentSet:
    return make_latent_set(vae, SIZE, IMPROVISED, range(SIZE.improvised_clips))


@torch.no_grad()
def test_latents_are_those_of_the_whole_encoder(vae: AutoencoderKLMochi, data: PixelSet) -> None:
    """Branches that add a constant are left out when the clips are encoded, and run again afterwards."""
    video = data.frames.permute(0, 4, 1, 2, 3).float() / 127.5 - 1
    calls = []
    (layer, *_) = [module for name, module in vae.encoder.named_modules() if name.endswith("conv1")]
    hook = layer.register_forward_hook(lambda module, given, answer: calls.append(1))
    whole = vae.encode(video, return_dict=False)[0].mean
    hook.remove()
    assert calls and torch.equal(data.latents, whole)
    trained = copy.deepcopy(vae)
    encoder: Any = trained.encoder
    encoder.block_in.resnets[0].conv2.conv.weight += 0.1
    expected = trained.encode(video, return_dict=False)[0].mean
    with silent_branches_skipped(trained):
        assert torch.equal(trained.encode(video, return_dict=False)[0].mean, expected)
    assert not torch.equal(expected, whole), "a branch that is not silent is run"


def stopping_at(step: int, path: Path) -> Callable[[Any], None]:
    """Saves, and ends the training after a step."""

    def save(state: TrainingState | TransformerState) -> None:
        store(path, state)
        if state.step == step:
            raise Stopped

    return save


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_stopped_decoder_training_goes_on_as_if_nothing_had_been(
    vae: AutoencoderKLMochi, data: PixelSet, tmp_path: Path
) -> None:
    """Stopped after its first phase, with one step of the second done."""
    start = {name: value.clone() for name, value in vae.decoder.state_dict().items()}
    encoder = {name: value.clone() for name, value in vae.encoder.state_dict().items()}
    path = tmp_path / "decoder.pt"
    whole = train_decoder(vae, data, DECODER, None, lambda state: None)
    trained = {name: value.clone() for name, value in vae.decoder.state_dict().items()}
    assert not equal(start, trained)
    vae.decoder.load_state_dict(start)
    with pytest.raises(Stopped):
        train_decoder(vae, data, DECODER, None, stopping_at(4, path), save_every=1)
    vae.decoder.load_state_dict(start)
    rest = train_decoder(vae, data, DECODER, stored(path, TrainingState), lambda state: None)
    assert rest.losses == whole.losses and len(whole.losses) == 5
    assert equal(vae.decoder.state_dict(), trained)
    assert equal(vae.encoder.state_dict(), encoder), "the encoder stays, or the latents would be of another one"
    vae.decoder.load_state_dict(start)


@pytest.mark.parametrize("stop", [2, 3, 4], ids=["in the first course", "between the courses", "in the second"])
def test_a_stopped_transformer_training_goes_on_as_if_nothing_had_been(
    latents: LatentSet, improvised: LatentSet, tmp_path: Path, stop: int
) -> None:
    path = tmp_path / "transformer.pt"
    train = partial(train_transformer, latents, improvised, TRANSFORMER)
    transformer, text_encoder, _, whole = train(None, lambda state: None)
    with pytest.raises(Stopped):
        train(None, stopping_at(stop, path), save_every=1)
    again, other_encoder, _, rest = train(stored(path, TransformerState), lambda state: None)
    assert rest.losses == whole.losses and len(whole.losses) == 6
    assert equal(again.state_dict(), transformer.state_dict())
    assert equal(other_encoder.state_dict(), text_encoder.state_dict())


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_course_draws_its_share_of_improvised_clips(latents: LatentSet, improvised: LatentSet, share: float) -> None:
    examples = Examples.of(latents, improvised, small_tokenizer())
    course = Course(9, 1, matrix_learning_rate=1e-3, learning_rate=1e-3, improvised_share=share)
    settings = TransformerTraining(courses=(course,), batch=64)
    drawn = [row for step in range(3) for row in examples.draw(settings, step).clean]
    found = [next(n for n, row in enumerate(examples.latents) if torch.equal(row, one)) for one in drawn]
    assert np.mean([n >= examples.rehearsed for n in found]) == pytest.approx(share, abs=0.1 if share == 0.5 else 0)
    assert examples.rehearsed == SIZE.transformer_clips and len(examples.latents) == 9


def test_steps_belong_to_courses() -> None:
    first, second = TRANSFORMER.courses
    assert [TRANSFORMER.course_at(step) for step in (0, 2, 3, 5)] == [(first, 0), (first, 2), (second, 0), (second, 2)]
    with pytest.raises(IndexError, match="6 steps, and no step 6"):
        TRANSFORMER.course_at(6)


def test_the_stage_writes_models_that_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_mochi, "FITTED_CLIPS", 6)
    for name, settings in (
        ("TrainingSetSize", SIZE),
        ("DecoderTraining", DECODER),
        ("TransformerTraining", TRANSFORMER),
    ):
        monkeypatch.setattr(train_mochi, name, lambda settings=settings: settings)
    monkeypatch.setattr(puppet_models, "JudgeTraining", lambda: JUDGE)
    monkeypatch.setattr(puppet_models, "ActorTraining", lambda: ACTOR)
    puppet_models.run(output=tmp_path / "models", work=tmp_path / "work", only=["mochi", "judge", "actor_head"])
    pipeline = MochiPipeline.from_pretrained(tmp_path / "models" / "mochi")
    std = torch.tensor(pipeline.vae.config["latents_std"])
    assert std.shape == (12,) and (std > 0).all()
    report = json.loads((tmp_path / "models" / "mochi" / "training_report.json").read_text(encoding="utf-8"))
    assert report["training_set"] == asdict(SIZE)
    assert (report["decoder"]["steps"], report["transformer"]["steps"]) == (5, 6)
    judge, facts = load_judge(tmp_path / "models" / "judge")
    assert facts["training"] == asdict(JUDGE)
    assert facts["actor"]["training"] == asdict(ACTOR) and judge.actor is not None
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == [
        "decoder.pt", "decoders_set.pt", "improvised", "latents", "transformer.pt",
    ]  # fmt: skip
