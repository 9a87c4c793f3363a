"""What quantised weights change: answers, gradients and loss curves stay close to those of bfloat16.

`make test` runs them with the packages of requirements-quantised.txt, which are not in the environment.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.adapted import QUANTISED_TOLERANCE, answer_and_gradients, with_adapters, with_precision
from tests.tiny_models import KINDS, opened
from tests.training.setups import lora_trainer
from torch import nn

from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.settings.model import QUANTISED, ModelSettings

pytest.importorskip("torchao", reason="pip install --no-deps -r requirements-quantised.txt")
pytest.importorskip("bitsandbytes", reason="pip install --no-deps -r requirements-quantised.txt")


@pytest.mark.parametrize("precision", QUANTISED)
@pytest.mark.parametrize("name", KINDS)
def test_quantised_weights_answer_nearly_alike(name: str, precision: str, request: pytest.FixtureRequest) -> None:
    settings = request.getfixturevalue(f"random_{name}")
    plain = answer_and_gradients(*with_adapters(with_precision(settings, "bfloat16")))
    denoiser, parameters = with_adapters(with_precision(settings, precision))
    found = answer_and_gradients(denoiser, parameters)
    error, cosine = QUANTISED_TOLERANCE[precision]
    relative = float((found[0] - plain[0]).norm() / plain[0].norm())
    assert 0 < relative < error
    assert float(nn.functional.cosine_similarity(found[1], plain[1], dim=0)) > cosine
    assert all(p.dtype == torch.float32 for p in parameters.values())


@pytest.mark.parametrize(("precision", "share"), [("int8", 0.6), ("float8", 0.6), ("nf4", 0.35)])
def test_quantised_weights_are_smaller(random_mochi: MochiSettings, precision: str, share: float) -> None:
    """Bytes of all tensors of a block's linear layers, scales included, against bfloat16."""

    def size(settings: ModelSettings) -> int:
        blocks: Any = opened(settings).denoiser().module.transformer_blocks
        layers = [layer for layer in blocks[0].modules() if isinstance(layer, nn.Linear)]
        assert layers
        return sum(tensor_bytes(layer.weight) for layer in layers)

    assert size(with_precision(random_mochi, precision)) < share * size(with_precision(random_mochi, "bfloat16"))


def tensor_bytes(weight: Any) -> int:
    if hasattr(weight, "quant_state"):
        return weight.nbytes + weight.quant_state.absmax.nbytes
    if hasattr(weight, "__tensor_flatten__"):
        return sum(getattr(weight, name).nbytes for name in weight.__tensor_flatten__()[0])
    return weight.nbytes


@pytest.mark.parametrize("precision", QUANTISED)
def test_loss_curves_of_quantised_weights_follow_that_of_bfloat16(
    random_mochi: MochiSettings, precision: str, tmp_path: Path
) -> None:
    """The same draws in the same order: the losses of all steps lie close together."""
    curves = []
    for number, chosen in enumerate(("bfloat16", precision)):
        small = with_precision(random_mochi, chosen)
        assert isinstance(small, MochiSettings)
        trainer = lora_trainer(small, tmp_path / str(number), contrastive=None, steps=20)
        curves.append(torch.tensor([row.loss for row in trainer.train()]))
    assert float(((curves[1] - curves[0]) / curves[0]).abs().mean()) < 0.03


def test_moments_of_8_bits_learn_alike_and_leave_undrawn_adapters_alone(
    random_mochi: MochiSettings, tmp_path: Path
) -> None:
    """torchao keeps matrices of fewer than 4096 numbers in float32, so the rank is 128 on 32 features."""
    over: dict[str, Any] = {"rank": 128, "alpha": 128, "steps": 20, "learning_rate": 2e-3}
    exact = lora_trainer(random_mochi, tmp_path / "plain", **over)
    plain = exact.train()
    short = lora_trainer(random_mochi, tmp_path / "short", optimizer="adamw_8bit", **over)
    first = {name: parameter.detach().clone() for name, parameter in short.parameters.items()}
    rows = short.train()
    assert [row.role for row in rows] == [row.role for row in plain]
    for ours, theirs in zip(rows, plain, strict=True):
        assert ours.loss == pytest.approx(theirs.loss, rel=0.03)
        assert ours.learning_rate == theirs.learning_rate
    kept = [s for s in short.optimizer.state.values() if hasattr(s["exp_avg"], "__tensor_flatten__")]
    assert kept and all(tensor_bytes(state["exp_avg"]) < 0.35 * 4 * state["exp_avg"].numel() for state in kept)

    def moved(parameters: dict[str, nn.Parameter]) -> set[str]:
        return {name for name, parameter in parameters.items() if not torch.equal(parameter, first[name])}

    assert moved(short.parameters) == moved(exact.parameters)
    short.setup.method.activate("relation")
    before = {name: parameter.detach().clone() for name, parameter in short.parameters.items()}
    for name, parameter in short.parameters.items():
        if "relation" in name:
            parameter.grad = torch.ones_like(parameter)
    short.optimizer.step()
    still = {name for name, parameter in short.parameters.items() if torch.equal(parameter, before[name])}
    assert still == {name for name in before if "relation" not in name}


def test_a_training_with_moments_of_8_bits_goes_on_where_it_stopped(
    random_mochi: MochiSettings, tmp_path: Path
) -> None:
    over: dict[str, Any] = {"rank": 128, "alpha": 128, "steps": 8, "optimizer": "adamw_8bit"}
    whole = lora_trainer(random_mochi, tmp_path / "whole", **over)
    whole.train()
    stopped = lora_trainer(random_mochi, tmp_path / "parts", **over)
    train_step = stopped.train_step

    def until_six(prepared: Any) -> None:
        if stopped.step == 6:  # the last state is that of step 4
            raise KeyboardInterrupt
        train_step(prepared)

    stopped.train_step = until_six
    with pytest.raises(KeyboardInterrupt):
        stopped.train()
    again = lora_trainer(random_mochi, tmp_path / "parts", **over)
    again.train()
    for name, parameter in whole.parameters.items():
        assert torch.equal(parameter, again.parameters[name]), name
