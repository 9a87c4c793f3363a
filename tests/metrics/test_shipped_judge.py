"""The judge that comes with the repository, on clips that it has never seen."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from dreamrelation.backbones.mochi.backbone import Mochi
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.metrics.puppet_judge.judge import Judge
from dreamrelation.metrics.puppet_judge.network import SIDES
from dreamrelation.metrics.puppet_judge.subject_accuracy import found_share
from dreamrelation.puppets.models.judge_clips import (
    ACTING_MOTIONS,
    JUDGED_KINDS,
    JUDGED_MOTIONS,
    NONE,
    acting_clips,
    held_out_world,
    judge_clip,
)
from dreamrelation.puppets.theatre.motions import MOTIONS
from dreamrelation.puppets.theatre.repertoire import AUTOENCODERS, PERSONS_ONLY, TRANSFORMERS, UNSEEN, shoot
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import Precisions

FOLDER = Path(__file__).parents[2] / "data" / "puppets" / "models" / "judge"
FLOAT32 = Precisions(autoencoder="float32", text_encoder="float32", denoiser="float32")
OTHER_SEED = 77
"""Not that of the training, nor that of the held-out clips in judge.json."""


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(FOLDER)


def test_its_classes_are_the_puppets(judge, experiment_settings):
    assert judge.motions == JUDGED_MOTIONS
    assert judge.kinds == JUDGED_KINDS
    assert set(experiment_settings.relations) <= set(judge.motions)
    assert {kind for pair in experiment_settings.generation.subjects for kind in pair} <= set(judge.kinds)


def test_it_says_how_good_it_is(judge):
    facts = json.loads((FOLDER / "judge.json").read_text())
    for clips, least in (("", 0.97), ("_round_trip", 0.97), ("_degraded", 0.95)):
        found = facts[f"held_out_accuracy{clips}"]
        assert min(found["motion"], found["figure"]) >= least, clips
    assert set(facts["held_out_accuracy"]["per_motion"]) == set(JUDGED_MOTIONS)
    assert f"motion {facts['held_out_accuracy']['motion']:.1%}" in judge.note
    actor = facts["actor"]
    assert actor["held_out_accuracy"]["actor"] >= 0.98 and actor["held_out_accuracy_degraded"]["actor"] >= 0.95
    assert set(actor["held_out_accuracy"]["per_motion"]) == set(ACTING_MOTIONS)
    assert min(actor["held_out_accuracy"]["per_motion"].values()) >= 0.95
    assert f"Who acts: {actor['held_out_accuracy']['actor']:.1%}" in judge.note


def test_it_judges_fresh_clips_of_other_rooms_and_speeds(judge):
    clips = [judge_clip(index, held_out_world(OTHER_SEED), 19, 64, 96) for index in range(30)]
    played = [clip for clip in clips if JUDGED_MOTIONS[clip.motion] != NONE]
    opinions = [judge.ask(clip.frames) for clip in played]
    right = [opinion.motion == JUDGED_MOTIONS[clip.motion] for opinion, clip in zip(opinions, played, strict=True)]
    figures = [
        found_share((JUDGED_KINDS[clip.left], JUDGED_KINDS[clip.right]), (opinion.left, opinion.right))
        for opinion, clip in zip(opinions, played, strict=True)
    ]
    assert np.mean(right) >= 0.95
    assert np.mean(figures) >= 0.95


def test_it_judges_clips_of_the_base_models_world(judge):
    shots = [shoot(AUTOENCODERS, OTHER_SEED, index, 19, 64, 96) for index in range(15)]
    right = [judge.ask(shot.take.frames).motion == shot.motion for shot in shots]
    assert np.mean(right) >= 0.9


def test_it_sees_who_acts_and_in_the_mirror_the_other_side_does(judge):
    clips = list(acting_clips(held_out_world(OTHER_SEED), 40, 19, 64, 96))
    sides = [SIDES[clip.actor] for clip in clips if clip.actor is not None]
    seen = [judge.ask(clip.frames).actor for clip in clips]
    mirrored = [judge.ask(np.ascontiguousarray(clip.frames[:, :, ::-1])).actor for clip in clips]
    assert 10 <= sides.count("left") <= 30
    assert np.mean([a == b for a, b in zip(seen, sides, strict=True)]) >= 0.95
    assert np.mean([a != b for a, b in zip(mirrored, sides, strict=True)]) >= 0.95


def test_it_sees_who_acts_in_the_base_models_world(judge):
    shots = [shoot(TRANSFORMERS, OTHER_SEED, index, 19, 64, 96) for index in range(60)]
    acted = [shot for shot in shots if shot.motion in ACTING_MOTIONS]
    middles = [shot.take.joints[..., 0].mean(axis=(0, 2)) for shot in acted]
    sides = [SIDES[int(actor > partner)] for actor, partner in middles]
    right = [judge.ask(shot.take.frames).actor == side for shot, side in zip(acted, sides, strict=True)]
    assert len(acted) >= 10 and set(sides) == {"left", "right"}
    assert np.mean(right) >= 0.9


def test_it_sees_who_acts_in_what_the_small_mochi_makes_of_a_clip(judge):
    """Its decoder blurs and mixes frames more than a render ever shows."""
    settings = MochiSettings(path=str(FOLDER.parent / "mochi"), precision=FLOAT32)
    autoencoder = Mochi(settings, MachineSettings(device="cpu")).autoencoder()
    clips = list(acting_clips(held_out_world(OTHER_SEED), 10, 19, 64, 96))
    latents = [autoencoder.normalise(autoencoder.encode(clip.frames[None]).mean) for clip in clips]
    seen = [judge.ask(autoencoder.decode(latent)[0]).actor for latent in latents]
    assert np.mean([actor == SIDES[clip.actor or 0] for actor, clip in zip(seen, clips, strict=True)]) >= 0.9


@pytest.mark.parametrize("relation", PERSONS_ONLY + UNSEEN)
def test_a_relation_that_stands_still_is_none(judge, relation):
    """So no method wins with one good picture."""
    world, at = held_out_world(OTHER_SEED), tuple(MOTIONS).index(relation)
    clips = (judge_clip(n * len(MOTIONS) + at, world, 19, 64, 96) for n in itertools.count())
    played = list(itertools.islice((clip.frames for clip in clips if clip.spoil is None), 10))
    moving = [judge.ask(frames).motion == relation for frames in played]
    frozen = [judge.ask(np.repeat(frames[9:10], 19, axis=0)).motion == relation for frames in played]
    assert np.mean(moving) >= 0.9 and np.mean(frozen) <= 0.1


def test_a_still_and_grain_are_no_relation(judge, experiment_settings):
    shot = shoot(TRANSFORMERS, OTHER_SEED, 0, 19, 64, 96)
    grain = np.random.default_rng(0).integers(0, 256, (19, 64, 96, 3)).astype(np.uint8)
    for frames in (np.repeat(shot.take.frames[:1], 19, axis=0), grain):
        assert judge.ask(frames).motion not in experiment_settings.relations
