"""The judge's network and its files."""

import json

import pytest
import torch

from dreamrelation.errors import UserError
from dreamrelation.metrics.puppet_judge.network import new_actor_head, new_judge, with_actor_head
from dreamrelation.metrics.puppet_judge.storage import load_judge, save_judge

MOTIONS, KINDS = ("hugging", "kicking", "none"), ("person", "dog", "nobody")


def clips(batch: int = 2, frames: int = 7, height: int = 64, width: int = 96) -> torch.Tensor:
    return torch.rand(batch, 3, frames, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_shapes():
    verdict = new_judge(MOTIONS, KINDS, seed=0)(clips())
    assert verdict.frame_features.shape == (2, 7, 128)
    assert verdict.motion.shape == (2, 3)
    assert verdict.kinds.shape == (2, 2, 3)


@pytest.mark.parametrize(("frames", "height", "width"), [(1, 64, 96), (13, 96, 160), (61, 48, 64)])
def test_other_lengths_and_sizes_work(frames, height, width):
    assert new_judge(MOTIONS, KINDS, seed=0)(clips(1, frames, height, width)).motion.shape == (1, 3)


def test_a_single_frame_has_no_movement_and_yet_an_opinion():
    judge = new_judge(MOTIONS, KINDS, seed=0)
    actor = with_actor_head(judge, new_actor_head(judge, seed=0)).eval()(clips(1, 1)).actor
    assert actor is not None and actor.isfinite().all()


def test_a_clip_is_judged_alone():
    judge, videos = new_judge(MOTIONS, KINDS, seed=0).eval(), clips()
    together, alone = judge(videos), judge(videos[1:])
    assert torch.allclose(together.motion[1], alone.motion[0], atol=1e-5)


def test_frames_are_encoded_alone():
    judge, videos = new_judge(MOTIONS, KINDS, seed=0).eval(), clips(1)
    features = judge(videos).frame_features[0]
    assert torch.allclose(judge(videos[:, :, 3:4]).frame_features[0, 0], features[3], atol=1e-5)


def test_an_odd_size_is_refused():
    with pytest.raises(ValueError, match="H and W even"):
        new_judge(MOTIONS, KINDS, seed=0)(clips(height=63))


def test_the_seed_decides_the_weights_and_nothing_else_does():
    torch.manual_seed(123)
    before = torch.random.get_rng_state()
    first, second, other = (new_judge(MOTIONS, KINDS, seed=s).state_dict() for s in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["motion.weight"], other["motion.weight"])


def test_saving_and_loading_is_exact(tmp_path):
    judge = new_judge(MOTIONS, KINDS, seed=0)
    save_judge(tmp_path / "judge", judge, {"name": "puppet_classifier", "held_out_accuracy": {"motion": 0.5}})
    loaded, facts = load_judge(tmp_path / "judge")
    assert loaded.architecture == judge.architecture
    assert facts["held_out_accuracy"] == {"motion": 0.5}
    assert all(torch.equal(loaded.state_dict()[name], tensor) for name, tensor in judge.state_dict().items())
    assert torch.equal(loaded(clips()).motion, judge.eval()(clips()).motion)
    assert not loaded.training


def test_the_actor_head_is_added_and_replaced_and_the_rest_stays():
    judge = new_judge(MOTIONS, KINDS, seed=0)
    heads = [new_actor_head(judge, seed) for seed in (0, 1)]
    before, first = judge(clips()), with_actor_head(judge, heads[0])
    second = with_actor_head(first, heads[1])
    for network in (judge, first, second, *heads):
        network.eval()
    for headed, head in ((first, heads[0]), (second, heads[1])):
        verdict = headed(clips())
        assert torch.equal(verdict.motion, before.motion) and torch.equal(verdict.kinds, before.kinds)
        assert torch.equal(verdict.actor, head(judge.actor_features(clips()))) and verdict.actor.shape == (2, 2)
    assert before.actor is None and not torch.equal(first(clips()).actor, second(clips()).actor)
    added = {f"actor.{name}" for name in heads[0].state_dict()}
    assert set(second.state_dict()) == set(judge.state_dict()) | added and len(added) == 4


def test_a_headed_judge_comes_back_whole(tmp_path):
    judge = new_judge(MOTIONS, KINDS, seed=0)
    save_judge(tmp_path, judge, {"name": "puppet_classifier"})
    _, facts = load_judge(tmp_path)
    headed = with_actor_head(judge, new_actor_head(judge, seed=0))
    save_judge(tmp_path, headed, facts)
    loaded, facts = load_judge(tmp_path)
    assert torch.equal(loaded(clips()).actor, headed.eval()(clips()).actor)
    assert (loaded.architecture, facts["name"]) == (headed.architecture, "puppet_classifier")


def test_a_judge_of_before_there_were_actor_heads_opens(tmp_path):
    judge = new_judge(MOTIONS, KINDS, seed=0)
    save_judge(tmp_path, judge, {})
    facts = json.loads((tmp_path / "judge.json").read_text())
    del facts["architecture"]["actor_width"]
    (tmp_path / "judge.json").write_text(json.dumps(facts))
    loaded, _ = load_judge(tmp_path)
    verdict = loaded(clips())
    assert verdict.actor is None and torch.equal(verdict.motion, judge.eval()(clips()).motion)


@pytest.mark.parametrize("name", ["judge.json", "judge.safetensors"])
def test_a_missing_file_is_named(tmp_path, name):
    save_judge(tmp_path, new_judge(MOTIONS, KINDS, seed=0), {})
    (tmp_path / name).unlink()
    with pytest.raises(UserError, match=f"{name}: no such file"):
        load_judge(tmp_path)


def test_files_of_different_judges_are_refused(tmp_path):
    save_judge(tmp_path, new_judge(MOTIONS, KINDS, seed=0), {})
    facts = json.loads((tmp_path / "judge.json").read_text())
    facts["architecture"]["motions"].append("follow")
    (tmp_path / "judge.json").write_text(json.dumps(facts))
    with pytest.raises(UserError, match=r"motion\.(bias|weight)"):
        load_judge(tmp_path)


@pytest.mark.parametrize("text", ["{}", "{", "[]", '{"architecture": {"motions": 3}}'])
def test_a_json_that_describes_no_judge_is_refused(tmp_path, text):
    save_judge(tmp_path, new_judge(MOTIONS, KINDS, seed=0), {})
    (tmp_path / "judge.json").write_text(text)
    with pytest.raises(UserError, match=r"judge\.json: not the description of a judge"):
        load_judge(tmp_path)


def test_weights_that_are_cut_off_are_refused(tmp_path):
    save_judge(tmp_path, new_judge(MOTIONS, KINDS, seed=0), {})
    whole = (tmp_path / "judge.safetensors").read_bytes()
    (tmp_path / "judge.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"judge\.safetensors: cannot be read"):
        load_judge(tmp_path)
