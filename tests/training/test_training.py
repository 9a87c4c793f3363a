"""Training on a tiny Mochi: which parameters move, exact resuming, and what a step's loss is made of."""

from pathlib import Path

import pytest
import torch

from dreamrelation.adapters.placement import adapter_parameters
from dreamrelation.backbones.opening import open_denoiser
from dreamrelation.captions.reading import EmbeddedCaptions
from dreamrelation.latents.reading import CachedClips
from dreamrelation.roles import ROLES
from dreamrelation.settings.model import ModelSettings
from dreamrelation.settings.training import ContrastiveSettings, TrainingSettings
from dreamrelation.training.draws import draw_role, draw_step
from dreamrelation.training.loop import Trainer
from dreamrelation.training.resume import resume_folder

GRID = (12, 2, 4, 6)
ACTIVE = {
    "relation": {"relation", "subject1", "subject2", "ffn"},
    "subject1": {"subject1", "ffn"},
    "subject2": {"subject2", "ffn"},
}


class Captions(EmbeddedCaptions):
    """Random embeddings instead of a table's."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(5)
        self.path = Path("captions.parquet")
        self.place = {"": 0, "caption": 1}
        self.embedding = torch.randn(2, 8, 64, generator=generator)
        self.attention_mask = torch.tensor([[False] * 8, [True] * 8])


def cached_clips(count: int = 5) -> CachedClips:
    generator = torch.Generator().manual_seed(3)
    return CachedClips(
        clips=[f"clip{n}" for n in range(count)],
        captions=["caption"] * count,
        mean=torch.randn(count, *GRID, generator=generator),
        deviation=torch.full((count, *GRID), 0.1),
        masks={role: torch.rand(count, *GRID[1:], generator=generator) for role in ROLES},
    )


def trainer(model: ModelSettings, folder: Path, **over: object) -> Trainer:
    method = TrainingSettings.model_validate(
        {"rank": 2, "alpha": 2, "steps": 12, "warmup_steps": 2, "batch_size": 2, "checkpoint_every": 4,
         "learning_rate": 1e-2, "weight_decay": 0.1, **over}
    )  # fmt: skip
    folder.mkdir(exist_ok=True)
    return Trainer(open_denoiser(model), cached_clips(), Captions(), method, 0, folder, "fingerprint")


def snapshot(subject: Trainer) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in subject.denoiser.module.named_parameters()}


def test_exactly_the_drawn_roles_adapters_move_bit_for_bit(random_mochi: ModelSettings, tmp_path: Path) -> None:
    """Over several AdamW steps with weight decay: adapters that were not drawn and the base keep every bit."""
    subject = trainer(random_mochi, tmp_path / "resume")
    seen = set()
    # every role has had momentum before the last steps, so that a zero gradient would show
    for step in range(12):
        role = draw_role(0, step)
        seen.add(role)
        before = snapshot(subject)
        row = subject.train_step(step)
        assert row["role"] == role
        after = snapshot(subject)
        moved = {name for name in before if not torch.equal(before[name], after[name])}
        allowed = {n for adapter in ACTIVE[role] for n in adapter_parameters(subject.denoiser.module, adapter)}
        assert moved <= allowed, sorted(moved - allowed)[:3]
        still = {
            adapter for adapter in ACTIVE[role] if not moved & set(adapter_parameters(subject.denoiser.module, adapter))
        }
        assert not still, f"step {step}, {role}: {still} did not move"
    assert seen == set(ROLES)


def test_without_roles_every_adapter_moves_in_every_step(random_mochi: ModelSettings, tmp_path: Path) -> None:
    subject = trainer(
        random_mochi, tmp_path / "resume", placement={"direct": ("query", "value")}, inference_adapters=("direct",),
        hybrid_masks=False, contrastive=ContrastiveSettings(weight=0.0),
    )  # fmt: skip
    before = snapshot(subject)
    row = subject.train_step(0)
    assert row["role"] == "all" and row["contrastive"] is None and row["loss"] == row["reconstruction"]
    after = snapshot(subject)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved and all(".direct." in name for name in moved)


def test_a_resumed_run_repeats_an_uninterrupted_one_bit_for_bit(random_mochi: ModelSettings, tmp_path: Path) -> None:
    whole = trainer(random_mochi, tmp_path / "whole")
    rows = whole.train()
    stopped = trainer(random_mochi, tmp_path / "stopped")
    stopped.minutes = 0.0
    with pytest.raises(TimeoutError, match="at step 1"):
        stopped.train()
    resumed = trainer(random_mochi, tmp_path / "stopped")
    again = resumed.train()
    for name, value in whole.parameters.items():
        assert torch.equal(value, resumed.parameters[name]), name
    assert [(r["loss"], r["contrastive"]) for r in rows] == [(r["loss"], r["contrastive"]) for r in again]


def test_a_state_of_other_settings_is_discarded(random_mochi: ModelSettings, tmp_path: Path) -> None:
    stopped = trainer(random_mochi, tmp_path / "resume")
    stopped.minutes = 0.0
    with pytest.raises(TimeoutError):
        stopped.train()
    other = trainer(random_mochi, tmp_path / "resume")
    other.fingerprint = "another"
    other._restore()
    assert other.step == 0 and not (tmp_path / "resume" / "state.pt").exists()


def test_contrast_begins_once_the_memory_holds_another_clip(random_mochi: ModelSettings, tmp_path: Path) -> None:
    rows = trainer(random_mochi, tmp_path / "resume").train()
    relation_rows = [row for row in rows if row["role"] == "relation"]
    assert relation_rows[0]["contrastive"] is None
    assert all(row["contrastive"] is not None and row["contrastive"] > 0 for row in relation_rows[1:])
    assert all(row["contrastive"] is None for row in rows if row["role"] != "relation")
    later = relation_rows[-1]
    assert later["loss"] == pytest.approx(later["reconstruction"] + 0.01 * later["contrastive"], rel=1e-5)


def test_two_trainings_cannot_share_a_resume_folder(tmp_path: Path) -> None:
    first, second = resume_folder(tmp_path / "resume"), resume_folder(tmp_path / "resume")
    with first, pytest.raises(RuntimeError, match="another training"), second:
        pass


def test_roles_are_drawn_uniformly_and_draws_depend_on_the_step_alone() -> None:
    counts = {role: sum(draw_role(1, step) == role for step in range(3000)) for role in ROLES}
    assert all(900 < count < 1100 for count in counts.values()), counts
    data = cached_clips()
    first, again, next_ = (draw_step(data, 0, step, 0, 3, 0.1, True) for step in (4, 4, 5))
    assert torch.equal(first.noise, again.noise) and first.rows == again.rows
    assert not torch.equal(first.noise, next_.noise)
    assert len(set(first.rows)) == 3
    other_rank = draw_step(data, 0, 4, 1, 3, 0.1, True)
    assert other_rank.role == first.role and not torch.equal(other_rank.noise, first.noise)


def test_a_loss_that_is_not_finite_stops_the_training(random_mochi: ModelSettings, tmp_path: Path) -> None:
    subject = trainer(random_mochi, tmp_path / "resume")
    subject.data.mean.fill_(float("inf"))
    with pytest.raises(FloatingPointError, match=r"step 0: the loss is .* for the clips"):
        subject.train()


def test_the_released_codes_latents_are_not_normalised(random_mochi: ModelSettings, tmp_path: Path) -> None:
    ours = trainer(random_mochi, tmp_path / "a").train_step(0)
    theirs = trainer(random_mochi, tmp_path / "b", normalise_latents="released_code").train_step(0)
    assert ours["reconstruction"] != theirs["reconstruction"]
