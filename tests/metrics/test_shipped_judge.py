"""The judge that comes with the repository, on clips that it has never seen."""

import json
from pathlib import Path

import numpy as np
import pytest

from dreamrelation.metrics.puppet_judge.judge import Judge
from dreamrelation.metrics.puppet_judge.subject_accuracy import found_share
from dreamrelation.puppets.models.judge_clips import JUDGED_KINDS, JUDGED_MOTIONS, NONE, held_out_world, judge_clip
from dreamrelation.puppets.theatre.repertoire import shoot

FOLDER = Path(__file__).parents[2] / "data" / "puppets" / "models" / "judge"
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
    assert facts["held_out_accuracy"]["motion"] >= 0.95
    assert facts["held_out_accuracy_degraded"]["motion"] >= 0.9
    assert set(facts["held_out_accuracy"]["per_motion"]) == set(JUDGED_MOTIONS)
    assert f"motion {facts['held_out_accuracy']['motion']:.1%}" in judge.note


def test_it_judges_fresh_clips_of_other_rooms_and_speeds(judge):
    clips = [judge_clip(index, held_out_world(OTHER_SEED), 19, 64, 96) for index in range(30)]
    played = [clip for clip in clips if JUDGED_MOTIONS[clip.motion] != NONE]
    opinions = [judge.ask(clip.frames) for clip in played]
    right = [opinion.motion == JUDGED_MOTIONS[clip.motion] for opinion, clip in zip(opinions, played, strict=True)]
    figures = [
        found_share((JUDGED_KINDS[clip.left], JUDGED_KINDS[clip.right]), (opinion.left, opinion.right))
        for opinion, clip in zip(opinions, played, strict=True)
    ]
    assert np.mean(right) >= 0.85
    assert np.mean(figures) >= 0.9


def test_it_judges_clips_of_the_base_models_world(judge):
    shots = [shoot(OTHER_SEED, index, 19, 64, 96, rare_weight=1.0) for index in range(15)]
    right = [judge.ask(shot.take.frames).motion == shot.motion for shot in shots]
    assert np.mean(right) >= 0.85


def test_a_still_and_grain_are_no_relation(judge, experiment_settings):
    shot = shoot(OTHER_SEED, 0, 19, 64, 96)
    grain = np.random.default_rng(0).integers(0, 256, (19, 64, 96, 3)).astype(np.uint8)
    for frames in (np.repeat(shot.take.frames[:1], 19, axis=0), grain):
        assert judge.ask(frames).motion not in experiment_settings.relations
