"""Held-out clips are looked at without a trace: the training ends with the same bits."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.tiny_models import ONE_TRANSFORMER
from tests.training.setups import baseline_trainer, cached_clips, lora_trainer, steps

from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.training.loop import Trainer
from dreamrelation.training.validation import LEVELS, Validation


def watched(trainer: Trainer, every: int = 5) -> Trainer:
    clips = cached_clips(count=2, channels=trainer.setup.denoiser.channels)
    trainer.validation = Validation.of(trainer.setup, clips, every, seed=0)
    return trainer


def test_losses_are_taken_every_nth_step_and_after_the_last(random_mochi: MochiSettings, tmp_path: Path) -> None:
    rows = watched(lora_trainer(random_mochi, tmp_path / "resume")).train()
    assert [row.step + 1 for row in rows if row.held_out] == [5, 10, 12]
    assert list(rows[4].held_out) == [f"{level:g}" for level in LEVELS]
    assert all(value > 0 for row in rows for value in row.held_out.values())


@pytest.mark.parametrize("kind", ["lora", "textual_inversion", "motion_embedding"])
@pytest.mark.parametrize("backbone", ONE_TRANSFORMER)
def test_looking_changes_nothing(kind: str, backbone: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    settings = request.getfixturevalue(backbone)
    alone = baseline_trainer(kind, settings, tmp_path / "alone")
    looked_at = watched(baseline_trainer(kind, settings, tmp_path / "watched"), every=2)
    rows, again = alone.train(), looked_at.train()
    assert all(torch.equal(value, looked_at.parameters[name]) for name, value in alone.parameters.items())
    assert [replace(row, seconds=0) for row in rows] == [replace(row, seconds=0, held_out={}) for row in again]


def test_the_loss_is_that_of_what_generation_uses(random_mochi: MochiSettings, tmp_path: Path) -> None:
    """Of a fresh LoRA that of the base model; subjects' adapters, which generation leaves out, change nothing."""
    trainer = watched(lora_trainer(random_mochi, tmp_path / "resume"))
    assert trainer.validation is not None
    fresh = trainer.validation.losses()
    for name, parameter in trainer.parameters.items():
        if ".subject1." in name:
            parameter.data.fill_(0.3)
    assert all(torch.equal(value, fresh[level]) for level, value in trainer.validation.losses().items())
    for name, parameter in trainer.parameters.items():
        if ".relation." in name:
            parameter.data.fill_(0.3)
    assert any(not torch.equal(value, fresh[level]) for level, value in trainer.validation.losses().items())


def test_a_resumed_training_keeps_what_was_seen(random_mochi: MochiSettings, tmp_path: Path) -> None:
    rows = watched(lora_trainer(random_mochi, tmp_path / "whole")).train()
    first = watched(lora_trainer(random_mochi, tmp_path / "stopped", every=6))
    steps(first, 6)
    first._save()
    again = watched(lora_trainer(random_mochi, tmp_path / "stopped")).train()
    assert [row.held_out for row in again] == [row.held_out for row in rows]
