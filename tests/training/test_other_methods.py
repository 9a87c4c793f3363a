"""Training of methods other than LoRA: exactly their parameters move, they learn, and they go on where they stopped."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.tiny_models import ONE_TRANSFORMER
from tests.training.setups import baseline_trainer, one_step, steps
from torch import nn

from dreamrelation.settings.kinds import METHODS
from dreamrelation.settings.model import ModelSettings, Precisions
from dreamrelation.settings.registry import KindError

KINDS = ("textual_inversion", "motion_embedding")
MEMORY = {"memory_clips": 6, "memory_frames": 12, "weight": 0.5}
LATE = 7


def snapshot(*modules: nn.Module) -> list[torch.Tensor]:
    return [value.detach().clone() for module in modules for value in module.state_dict().values()]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backbone", ONE_TRANSFORMER)
def test_exactly_the_methods_own_parameters_move(
    kind: str, backbone: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    subject = baseline_trainer(kind, request.getfixturevalue(backbone), tmp_path / "resume", warmup_steps=0)
    model = subject.setup.method.model  # type: ignore[attr-defined]
    frozen = (model.denoiser.module, model.text_encoder.module)
    before = snapshot(*frozen)
    started = {name: parameter.detach().clone() for name, parameter in subject.parameters.items()}
    row = one_step(subject)
    assert row.role == "all" and row.gradient_norm > 0
    assert all(torch.equal(old, new) for old, new in zip(before, snapshot(*frozen), strict=True))
    assert started and all(not torch.equal(started[name], p.data) for name, p in subject.parameters.items())
    optimized = [parameter for group in subject.optimizer.param_groups for parameter in group["params"]]
    assert {id(parameter) for parameter in optimized} == {id(parameter) for parameter in subject.parameters.values()}


@pytest.mark.parametrize("kind", KINDS)
def test_one_draw_again_and_again_is_learned(kind: str, random_mochi: ModelSettings, tmp_path: Path) -> None:
    subject = baseline_trainer(kind, random_mochi, tmp_path / "resume", warmup_steps=0, weight_decay=0, steps=1000)
    losses = []
    for _ in range(25):
        subject.step = 0
        losses.append(one_step(subject).terms["reconstruction"])
    assert losses[-1] < losses[0] and losses[-1] == pytest.approx(min(losses), rel=0.02)


@pytest.mark.parametrize("contrastive", [None, MEMORY], ids=["without RCL", "with RCL"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backbone", ONE_TRANSFORMER)
def test_a_resumed_run_repeats_an_uninterrupted_one_bit_for_bit(
    kind: str, backbone: str, contrastive: dict | None, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    settings = request.getfixturevalue(backbone)
    over = {"steps": 10, "contrastive": contrastive, "accumulation": 2}
    whole = baseline_trainer(kind, settings, tmp_path / "whole", **over)
    rows = whole.train()
    stopped = baseline_trainer(kind, settings, tmp_path / "stopped", **over)
    steps(stopped, LATE)
    stopped._save()
    resumed = baseline_trainer(kind, settings, tmp_path / "stopped", **over)
    again = resumed.train()
    assert len(again) == len(rows) == 10
    for name, value in whole.parameters.items():
        assert torch.equal(value, resumed.parameters[name]), name
    assert [replace(row, seconds=0) for row in rows] == [replace(row, seconds=0) for row in again]
    wanted = {"reconstruction", *({"steering"} if kind == "textual_inversion" else ())}
    assert set(rows[-1].terms) == wanted | ({"contrastive"} if contrastive else set())


@pytest.mark.parametrize("kind", [*KINDS, "lora"])
def test_each_step_trains_the_expert_that_saw_it_and_resumes(
    kind: str, random_wan_2_2_a14b: ModelSettings, tmp_path: Path
) -> None:
    """Of two transformers, the idle one's parameters get no gradient, and so no decay and no state of the optimizer."""
    over = {"steps": 10, "batch_size": 1}
    whole = baseline_trainer(kind, random_wan_2_2_a14b, tmp_path / "whole", **over)
    stopped = baseline_trainer(kind, random_wan_2_2_a14b, tmp_path / "stopped", **over)
    rows = whole.train()
    for _ in range(LATE):
        before = {name: parameter.detach().clone() for name, parameter in stopped.parameters.items()}
        one_step(stopped)
        moved = {name for name, parameter in stopped.parameters.items() if not torch.equal(before[name], parameter)}
        if kind == "lora":
            assert moved and len({name.partition(".")[0] for name in moved}) == 1, "parameters of one expert"
        if kind == "motion_embedding":
            assert {int(name.split(".")[1]) // 2 for name in moved} in ({0}, {1})
    stopped._save()
    again = baseline_trainer(kind, random_wan_2_2_a14b, tmp_path / "stopped", **over)
    assert [replace(row, seconds=0) for row in again.train()] == [replace(row, seconds=0) for row in rows]
    assert all(torch.equal(value, again.parameters[name]) for name, value in whole.parameters.items())


@pytest.mark.parametrize("kind", [*KINDS, "lora"])
@pytest.mark.parametrize("backbone", ONE_TRANSFORMER)
def test_a_bfloat16_model_trains_float32_parameters(
    kind: str, backbone: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    settings = request.getfixturevalue(backbone)
    half = settings.model_copy(update={"precision": Precisions()})
    subject = baseline_trainer(kind, half, tmp_path / "resume", steps=3, warmup_steps=0)
    started = {name: parameter.detach().clone() for name, parameter in subject.parameters.items()}
    rows = subject.train()
    assert subject.setup.denoiser.dtype == torch.bfloat16 and all(math.isfinite(row.loss) for row in rows)
    assert all(parameter.dtype == torch.float32 for parameter in subject.parameters.values())
    moved = [name for name, parameter in subject.parameters.items() if not torch.equal(started[name], parameter)]
    assert moved


def test_no_caption_is_dropped_for_a_word() -> None:
    with pytest.raises(KindError, match="caption_dropout(.|\n)*found 0.1, expected 0: the empty text"):
        METHODS.read({"kind": "textual_inversion", "caption_dropout": 0.1})


def test_the_terms_add_up_with_their_weights(random_mochi: ModelSettings, tmp_path: Path) -> None:
    rows = baseline_trainer("textual_inversion", random_mochi, tmp_path / "r", steps=4, contrastive=MEMORY).train()
    for row in rows:
        terms = row.terms
        expected = terms["reconstruction"] + 0.01 * terms["steering"] + 0.5 * terms.get("contrastive", 0)
        assert row.loss == pytest.approx(expected, rel=1e-5)
    assert "contrastive" in rows[-1].terms
