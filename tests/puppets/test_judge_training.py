"""The judge's clips, the losses of quality and a training in miniature."""

import itertools
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from dreamrelation.metrics.puppet_judge.network import new_actor_head, new_judge
from dreamrelation.metrics.puppet_judge.storage import load_judge, save_judge
from dreamrelation.puppets.models.degrade import blur, degrade, ghost, noise, smear
from dreamrelation.puppets.models.judge_accuracy import calibration_error, fitted_temperature, judged
from dreamrelation.puppets.models.judge_clips import (
    ACTING_MOTIONS,
    CLEARANCE,
    JUDGED_KINDS,
    JUDGED_MOTIONS,
    NOBODY,
    NONE,
    ClipPool,
    acting_clips,
    held_out_world,
    is_held_out,
    judge_clip,
    shaded,
    training_world,
)
from dreamrelation.puppets.models.pixels import as_frames, as_video
from dreamrelation.puppets.models.spoilt_clips import SPOILS
from dreamrelation.puppets.models.train_actor import (
    ActorSet,
    ActorTraining,
    actor_accuracy,
    actor_world,
    fit_head,
    training_views,
    whole_clips,
)
from dreamrelation.puppets.models.train_judge import (
    JudgeTraining,
    Pools,
    calibrate,
    draw_batch,
    draw_view,
    fit,
    round_tripped,
    train_judge,
)
from dreamrelation.puppets.theatre.figures import KINDS
from dreamrelation.puppets.theatre.render import draw_scene, render
from dreamrelation.puppets.theatre.repertoire import TRANSFORMERS
from dreamrelation.stages import puppet_models

TINY = JudgeTraining(
    clips=8,
    decoded_clips=3,
    held_out_clips=10,
    calibration_clips=6,
    frames=7,
    spare_frames=1,
    steps=2,
    batch=2,
    warmup_steps=1,
)

ACTOR = ActorTraining(clips=4, views=2, held_out_clips=3, frames=7, spare_frames=1, steps=4, batch=4, warmup_steps=1)


def test_a_clip_depends_on_its_world_and_index_only():
    first, again = (judge_clip(3, training_world(0), 4, 64, 96) for _ in range(2))
    other = judge_clip(3, held_out_world(0), 4, 64, 96)
    assert np.array_equal(first.frames, again.frames)
    assert (first.motion, first.left, first.right) == (again.motion, again.left, again.right)
    assert not np.array_equal(first.frames, other.frames)


def test_the_held_out_world_shares_nothing_with_what_judge_and_transformer_learn_from():
    held_out = held_out_world(0)
    for world in (training_world(0), TRANSFORMERS):
        assert not set(world.rooms) & set(held_out.rooms)
        assert not set(world.shirts) & set(held_out.shirts)
    training = training_world(0)
    for tested, learned in ((held_out.speeds, training.speeds), (held_out.shifts, training.shifts)):
        assert all(high <= start or low >= end for low, high in tested for start, end in learned)
    assert held_out.held_out_pairs and not training.held_out_pairs


def test_no_shade_of_a_training_colour_is_one_of_the_tests():
    world = replace(training_world(0), avoided=((100, 100, 100), (140, 60, 100)))
    drawn = [shaded((110, 96, 100), world, np.random.default_rng(seed)) for seed in range(300)]
    for avoided in world.avoided:
        assert min(max(abs(a - b) for a, b in zip(colour, avoided, strict=True)) for colour in drawn) >= CLEARANCE
    spread = np.abs(np.array(drawn) - (110, 96, 100)).max(axis=0)
    assert (spread > 45).all() and (spread <= world.shade).all()


def test_every_kind_is_held_out_once_in_each_place():
    held_out = [pair for pair in itertools.product(KINDS, KINDS) if is_held_out(*pair)]
    assert [first for first, _ in held_out] == list(KINDS) and {second for _, second in held_out} == set(KINDS)
    assert all(first != second for first, second in held_out)


def test_clips_of_no_motion_look_the_part():
    clips = [judge_clip(index, training_world(0), 5, 64, 96) for index in range(60)]
    spoilt = [clip.motion == JUDGED_MOTIONS.index(NONE) for clip in clips]
    alone = [JUDGED_KINDS.index(NOBODY) in (clip.left, clip.right) for clip in clips]
    assert 5 <= sum(spoilt) <= 22 and spoilt == [clip.spoil is not None for clip in clips]
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


def test_frames_come_back_from_video_as_they_were():
    frames = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5, 3)).astype(np.uint8)
    video = as_video(frames)
    assert video.shape == (2, 3, 3, 4, 5) and video[1, 2, 0, 3, 4] == pytest.approx(frames[1, 0, 3, 4, 2] / 127.5 - 1)
    assert video.min() >= -1 and video.max() <= 1 and np.array_equal(as_frames(video), frames)


def test_smear_follows_the_latent_frames():
    video = torch.zeros(1, 13, 2, 2)
    video[:, 6] = 1
    changed = smear(video, np.random.default_rng(1)).flatten(2).sum(dim=2)[0] != 0
    assert changed.nonzero().flatten().tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("spoil", SPOILS)
def test_spoilt_clips_are_what_they_are_called(spoil):
    """Against the frames of the same scene played well."""
    rng = np.random.default_rng(2)
    scene = draw_scene("kicking", ("dog", "cat"), rng, 64, 96)
    times = (np.arange(7) - 3) / 5
    played = render(scene, times).frames
    found, missing = SPOILS[spoil](scene, times, rng)
    assert found.shape == played.shape and found.dtype == np.uint8 and not np.array_equal(found, played)
    still = all(np.array_equal(frame, found[0]) for frame in found)
    reordered = sorted(frame.tobytes() for frame in found) == sorted(frame.tobytes() for frame in played)
    prefix = np.array_equal(found[:1], played[:1])
    assert (still, reordered, bool(missing)) == (spoil == "frozen", spoil == "shuffled", spoil == "deserted")
    assert prefix or spoil != "spliced", "it starts as the scene does"


def test_a_tiny_training_reports_what_it_did():
    judge = new_judge(JUDGED_MOTIONS, JUDGED_KINDS, seed=0)
    before = {name: tensor.clone() for name, tensor in judge.state_dict().items()}
    said: list[str] = []
    report = train_judge(judge, TINY, lambda frames: 255 - frames, said.append)
    assert any(not torch.equal(before[name], tensor) for name, tensor in judge.state_dict().items())
    assert report["training"]["seed"] == 0
    assert 0 <= report["held_out_accuracy"]["motion"] <= 1
    for world in ("held_out_accuracy", "held_out_accuracy_degraded", "held_out_accuracy_round_trip"):
        found = report[world]
        assert 0 <= found["figure"] <= 1 and found["clips"] == 10
        assert np.sum(found["motion_confusion"]) == 10 and np.sum(found["kind_confusion"]) == 20
        assert np.trace(found["motion_confusion"]) == pytest.approx(10 * found["any"])
    assert report["held_out_accuracy"] != report["held_out_accuracy_round_trip"] and report["temperature"] > 0
    assert said


def test_a_temperature_makes_a_judge_as_sure_as_it_is_right():
    """Logits of the right class with noise, made three times too large."""
    random = torch.Generator().manual_seed(0)
    truth = torch.randint(4, (4000,), generator=random)
    logits = torch.randn(4000, 4, generator=random) + 2 * torch.nn.functional.one_hot(truth, 4)
    true_logits = 2 * logits  # of two unit normals that lie 2 apart, the likelihood ratio is exp(2x)
    assert fitted_temperature(3 * true_logits, truth) == pytest.approx(3, rel=0.1)
    assert calibration_error(true_logits, truth.numpy()) < 0.03 < calibration_error(3 * true_logits, truth.numpy())


def test_calibrating_changes_no_answer():
    judge = new_judge(JUDGED_MOTIONS, JUDGED_KINDS, seed=0)
    clips = [judge_clip(n, training_world(0), 5, 64, 96) for n in range(4)]
    pool = pool_of(clips)
    before = judged(judge, pool)
    temperature = calibrate(judge, pool)
    after = judged(judge, pool)
    assert torch.allclose(after.motion_logits * temperature, before.motion_logits, atol=1e-5)
    assert np.array_equal(after.motions, before.motions) and np.array_equal(after.kinds, before.kinds)


def pool_of(clips):
    return ClipPool(
        np.stack([clip.frames for clip in clips]),
        np.array([clip.motion for clip in clips]),
        np.array([(clip.left, clip.right) for clip in clips]),
        tuple(clip.spoil for clip in clips),
    )


def test_training_repeats_itself():
    pool = pool_of([judge_clip(n, training_world(0), 8, 64, 96) for n in range(3)])
    pools = Pools(pool, round_tripped(pool, 2, lambda frames: 255 - frames))
    batches = [draw_batch(pools, TINY, step) for step in (0, 0, 1)]
    assert torch.equal(batches[0].video, batches[1].video)
    assert not torch.equal(batches[0].video, batches[2].video)
    judges = [new_judge(JUDGED_MOTIONS, JUDGED_KINDS, seed=0) for _ in range(2)]
    for judge in judges:
        fit(judge, pools, TINY, lambda text: None)
    assert all(torch.equal(a, b) for a, b in zip(*(j.state_dict().values() for j in judges), strict=True))


def test_motions_with_an_actor():
    assert ACTING_MOTIONS == ("punch_slap", "kicking", "pushing", "point_finger", "follow")


def test_clips_with_an_actor_are_those_of_the_world_without_the_spoilt_ones():
    world, size = held_out_world(5), (3, 64, 96)
    clips = list(acting_clips(world, 12, *size))
    all_of_them = [judge_clip(index, world, *size) for index in range(60)]
    played = [clip for clip in all_of_them if JUDGED_MOTIONS[clip.motion] in ACTING_MOTIONS]
    assert [clip.frames.tobytes() for clip in clips] == [clip.frames.tobytes() for clip in played[:12]]
    assert {clip.actor for clip in clips} == {0, 1}
    assert {clip.actor for clip in all_of_them if JUDGED_MOTIONS[clip.motion] not in ACTING_MOTIONS} == {None}


def middle(video: torch.Tensor) -> torch.Tensor:
    """(1, 3, F, H, W) → (1, 2): brightness of the left and of the right half."""
    return torch.stack([half.mean() for half in video[0].chunk(2, dim=-1)])[None]


def test_a_mirrored_view_has_the_other_actor():
    """Mirroring swaps the halves; what `draw_view` says of it must be what the label follows."""
    clip = next(acting_clips(actor_world(0), 1, 8, 64, 96))
    views = training_views(middle, replace(ACTOR, clips=1, views=12), lambda line: None)
    drawn = [draw_view(clip.frames, 7, np.random.default_rng([0, 16, 0, view])) for view in range(12)]
    assert torch.equal(views.features, torch.cat([middle(video[None]) for video, _ in drawn]))
    assert views.actors.tolist() == [int(clip.actor == (0 if mirrored else 1)) for _, mirrored in drawn]
    assert set(views.actors.tolist()) == {0, 1}


def test_draw_view_tells_the_truth_about_mirroring():
    frames = np.zeros((8, 64, 96, 3), np.uint8)
    frames[:, :, :48] = 200
    for seed in range(10):
        video, mirrored = draw_view(frames, 7, np.random.default_rng(seed))
        left, right = middle(video[None])[0]
        assert video.shape == (3, 7, 64, 96) and bool(left < right) == mirrored


def test_the_head_learns_what_can_be_told_and_is_tested_per_motion():
    judge = new_judge(JUDGED_MOTIONS, JUDGED_KINDS, seed=0)
    width = judge.actor_features(torch.zeros(1, 3, 2, 64, 96)).shape[1]
    random = torch.Generator().manual_seed(0)
    actors = torch.randint(2, (200,), generator=random)
    features = torch.randn(200, width, generator=random) + 2 * actors[:, None] - 1
    views = ActorSet(features, actors, ("kicking", "pushing") * 100)
    head = new_actor_head(judge, seed=0)
    fit_head(head, views, replace(ACTOR, steps=60, batch=64))
    assert actor_accuracy(head, views)["actor"] > 0.95
    upside_down = replace(views, actors=torch.where(torch.arange(200) % 2 == 0, actors, 1 - actors))
    found = actor_accuracy(head, upside_down)["per_motion"]
    assert set(found) == {"kicking", "pushing"} and found["kicking"] > 0.9 and found["pushing"] < 0.1


def test_a_clip_without_an_actor_is_refused():
    with pytest.raises(ValueError, match="standing has no actor"):
        whole_clips(middle, [judge_clip(0, training_world(0), 3, 64, 96)])


def test_teaching_who_acts_repeats_itself_and_leaves_all_else_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(puppet_models, "ActorTraining", lambda: ACTOR)
    judge = new_judge(JUDGED_MOTIONS, JUDGED_KINDS, seed=0)
    facts = {"name": "puppet_classifier", "held_out_accuracy": {"motion": 0.5}}
    for name in ("one", "other"):
        save_judge(tmp_path / name / "judge", judge, facts)
        puppet_models.actor_head(tmp_path / name, tmp_path)
    once = (tmp_path / "one" / "judge" / "judge.safetensors").read_bytes()
    assert (tmp_path / "other" / "judge" / "judge.safetensors").read_bytes() == once
    puppet_models.actor_head(tmp_path / "one", tmp_path)
    assert (tmp_path / "one" / "judge" / "judge.safetensors").read_bytes() == once, "a head that is there is replaced"
    taught, found = load_judge(tmp_path / "one" / "judge")
    assert all(torch.equal(taught.state_dict()[name], tensor) for name, tensor in judge.state_dict().items())
    untrained = new_actor_head(judge, ACTOR.seed).state_dict()
    assert all(not torch.equal(taught.state_dict()[f"actor.{name}"], tensor) for name, tensor in untrained.items())
    assert found["held_out_accuracy"] == {"motion": 0.5}
    assert found["actor"]["training"] == asdict(ACTOR)
    assert found["actor"]["held_out_accuracy"]["clips"] == found["actor"]["held_out_accuracy_degraded"]["clips"] == 3
