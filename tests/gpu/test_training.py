"""Trainings on a card: streaming and resuming change no bit, and states and adapters are those of any machine."""

from pathlib import Path

import pytest
import torch
from tests.adapted import with_precision
from tests.training.setups import lora_trainer, steps

from dreamrelation.settings.model import ModelSettings

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card is here")

STEPS = 12
CARD: dict[str, object] = {"device": "cuda"}


def trained(settings: ModelSettings, folder: Path, machine: dict[str, object]) -> dict[str, torch.Tensor]:
    """The adapters after some steps of the triplet in bfloat16, on the CPU."""
    trainer = lora_trainer(with_precision(settings, "bfloat16"), folder, machine={**CARD, **machine}, steps=STEPS)
    rows = steps(trainer, STEPS)
    assert [row.step for row in rows] == list(range(STEPS))
    return {name: parameter.detach().cpu().clone() for name, parameter in trainer.parameters.items()}


@pytest.mark.parametrize("name", ["mochi", "wan"])
@pytest.mark.parametrize(
    "machine",
    [{"gradient_checkpointing": True}, {"gradient_checkpointing": True, "stream_weights": True}],
    ids=["checkpointing", "streaming"],
)
def test_ways_to_save_memory_train_the_same_adapters(
    name: str, machine: dict[str, object], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    settings = request.getfixturevalue(f"random_{name}")
    plain = trained(settings, tmp_path / "plain", {})
    lean = trained(settings, tmp_path / "lean", machine)
    assert plain.keys() == lean.keys()
    assert all(torch.equal(plain[key], lean[key]) for key in plain)


def test_a_training_goes_on_with_the_same_bits(random_mochi: ModelSettings, tmp_path: Path) -> None:
    settings = with_precision(random_mochi, "bfloat16")
    whole = lora_trainer(settings, tmp_path / "whole", machine=CARD, steps=STEPS)
    expected = [row.loss for row in whole.train()]
    interrupted = lora_trainer(settings, tmp_path / "half", machine=CARD, steps=STEPS)
    steps(interrupted, 5)
    interrupted._save()
    resumed = lora_trainer(settings, tmp_path / "half", machine=CARD, steps=STEPS)
    assert [row.loss for row in resumed.train()] == expected
    for name, parameter in whole.parameters.items():
        assert torch.equal(parameter, resumed.parameters[name])


def test_an_8_bit_optimizer_trains(random_mochi: ModelSettings, tmp_path: Path) -> None:
    pytest.importorskip("torchao")
    settings = with_precision(random_mochi, "bfloat16")
    trainer = lora_trainer(settings, tmp_path, machine=CARD, steps=STEPS, optimizer="adamw_8bit")
    before = {name: parameter.detach().clone() for name, parameter in trainer.parameters.items()}
    steps(trainer, STEPS)
    assert any(not torch.equal(before[name], parameter) for name, parameter in trainer.parameters.items())
