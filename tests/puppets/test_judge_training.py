"""The judge's clips, the losses of quality and a training in miniature."""

import numpy as np
import pytest
import torch

from dreamrelation.metrics.puppet_judge.network import new_judge
from dreamrelation.puppets.models.degrade import blur, degrade, ghost, noise, smear
from dreamrelation.puppets.models.judge_clips import (
    JUDGED_KINDS,
    JUDGED_MOTIONS,
    NOBODY,
    NONE,
    ClipPool,
    held_out_world,
    judge_clip,
    training_world,
)
from dreamrelation.puppets.models.train_judge import (
    JudgeTraining,
    draw_batch,
    fit,
    held_out_accuracy,
    train_judge,
)

TINY = JudgeTraining(clips=8, held_out_clips=4, frames=7, spare_frames=1, steps=2, batch=2, warmup_steps=1)


def test_a_clip_depends_on_its_world_and_index_only():
    first, again = (judge_clip(3, training_world(0), 4, 64, 96) for _ in range(2))
    other = judge_clip(3, held_out_world(0), 4, 64, 96)
    assert np.array_equal(first.frames, again.frames)
    assert (first.motion, first.left, first.right) == (again.motion, again.left, again.right)
    assert not np.array_equal(first.frames, other.frames)


def test_the_two_worlds_share_no_room_and_no_speed():
    training, held_out = training_world(0), held_out_world(0)
    assert not set(training.rooms) & set(held_out.rooms)
    for low, high in held_out.speeds:
        assert all(high <= start or low >= end for start, end in training.speeds)


def test_clips_of_no_motion_look_the_part():
    clips = [judge_clip(index, training_world(0), 5, 64, 96) for index in range(60)]
    spoilt = [clip.motion == JUDGED_MOTIONS.index(NONE) for clip in clips]
    alone = [JUDGED_KINDS.index(NOBODY) in (clip.left, clip.right) for clip in clips]
    assert 2 <= sum(spoilt) <= 15
    assert all(broken for broken, lonely in zip(spoilt, alone, strict=True) if lonely)


@pytest.mark.parametrize("loss", [blur, ghost, smear, noise, degrade])
def test_losses_keep_the_shape_and_repeat_themselves(loss):
    video = torch.rand(3, 7, 64, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1
    first, again = (loss(video, np.random.default_rng(1)) for _ in range(2))
    assert first.shape == video.shape
    assert torch.equal(first, again)
    assert not torch.equal(first, video)


@pytest.mark.parametrize("loss", [blur, ghost, smear])
def test_mixing_leaves_an_even_still_as_it_is(loss):
    still = torch.full((3, 7, 64, 96), 0.25)
    assert torch.allclose(loss(still, np.random.default_rng(1)), still, atol=1e-6)


def test_smear_follows_the_latent_frames():
    video = torch.zeros(1, 13, 2, 2)
    video[:, 6] = 1
    changed = smear(video, np.random.default_rng(1)).flatten(2).sum(dim=2)[0] != 0
    assert changed.nonzero().flatten().tolist() == [1, 2, 3, 4, 5, 6]


def test_a_tiny_training_reports_what_it_did():
    judge = new_judge(JUDGED_MOTIONS, JUDGED_KINDS, seed=0)
    before = {name: tensor.clone() for name, tensor in judge.state_dict().items()}
    said: list[str] = []
    report = train_judge(judge, TINY, said.append)
    assert any(not torch.equal(before[name], tensor) for name, tensor in judge.state_dict().items())
    assert report["training"]["seed"] == 0
    assert 0 <= report["held_out_accuracy"]["motion"] <= 1
    assert 0 <= report["held_out_accuracy_degraded"]["figure"] <= 1
    assert report["held_out_accuracy"]["clips"] == 4
    assert said


def test_training_repeats_itself():
    clip = judge_clip(0, training_world(0), 8, 64, 96)
    pool = ClipPool(np.stack([clip.frames] * 3), np.array([0, 1, 2]), np.array([[0, 1], [2, 3], [4, 5]]))
    batches = [draw_batch(pool, TINY, step) for step in (0, 0, 1)]
    assert torch.equal(batches[0].video, batches[1].video)
    assert not torch.equal(batches[0].video, batches[2].video)
    judges = [new_judge(JUDGED_MOTIONS, JUDGED_KINDS, seed=0) for _ in range(2)]
    for judge in judges:
        fit(judge, pool, TINY, lambda text: None)
    assert held_out_accuracy(judges[0], pool) == held_out_accuracy(judges[1], pool)
    assert all(torch.equal(a, b) for a, b in zip(*(j.state_dict().values() for j in judges), strict=True))
