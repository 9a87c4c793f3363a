"""Movements that nobody rehearsed."""

from dataclasses import astuple

import numpy as np

from dreamrelation.puppets.theatre.figures import KINDS
from dreamrelation.puppets.theatre.improvisation import BEGIN_S, HALF_GAP, improvisation
from dreamrelation.puppets.theatre.motions import MOTIONS, Manner, pair
from dreamrelation.puppets.theatre.poses import Pose, solve
from dreamrelation.puppets.theatre.repertoire import IMPROVISED, IMPROVISING, TRANSFORMERS, shoot

MANNER = Manner(gap=1.0, vigour=1.0, phase=0.0)


def numbers(poses: tuple[Pose, Pose]) -> np.ndarray:
    """All of two poses but the sides to which elbows point."""
    return np.concatenate([np.atleast_1d(value) for pose in poses for value in astuple(pose)[:-1]])


def test_the_same_generator_improvises_the_same_and_another_one_something_else() -> None:
    one, again, other = (improvisation(np.random.default_rng(seed)) for seed in (3, 3, 4))
    for time in (-0.5, 0.0, 0.8):
        assert np.array_equal(numbers(one(time, MANNER)), numbers(again(time, MANNER)))
        assert not np.allclose(numbers(one(time, MANNER)), numbers(other(time, MANNER)))


def test_it_begins_at_rest_and_moves_without_jumps() -> None:
    times = np.arange(BEGIN_S[0], 2.0, 0.01)
    for seed in range(30):
        motion = improvisation(np.random.default_rng(seed))
        way = np.stack([numbers(motion(time, MANNER)) for time in times])
        partner = motion(BEGIN_S[0], MANNER)[1]
        assert HALF_GAP[0] <= partner.hip[0] <= HALF_GAP[1]
        rest = numbers(pair(partner.hip[0], facing_away=partner.facing > 0))
        np.testing.assert_allclose(way[0], rest, atol=1e-12)
        assert np.abs(np.diff(way, axis=0)).max() < 0.1
        assert np.abs(way - way[0]).max() > 0.05


def test_feet_are_lifted_bodies_meet_and_joints_stay_finite() -> None:
    lifted, nearest = [], []
    for seed in range(60):
        motion = improvisation(np.random.default_rng(seed))
        for time in (-0.4, 0.2, 0.8):
            poses = motion(time, MANNER)
            joints = [solve(pose) for pose in poses]
            assert all(np.isfinite(body.near_leg).all() and np.isfinite(body.far_arm).all() for body in joints)
            lifted.append(max(foot[1] for pose in poses for foot in (pose.near_foot, pose.far_foot)))
            nearest.append(abs(poses[0].hip[0] - poses[1].hip[0]))
    assert max(lifted) > 0.3 and np.mean(np.array(lifted) > 0.1) > 0.2
    assert min(nearest) < 0.2


def test_improvised_clips_have_all_kinds_and_no_verb() -> None:
    shots = [shoot(IMPROVISED, 1, index, 2, 64, 96) for index in range(60)]
    assert IMPROVISING not in MOTIONS and IMPROVISING not in TRANSFORMERS.weights
    assert {kind for shot in shots for kind in shot.kinds} == set(KINDS)
    for shot in shots:
        left_to_right = shot.kinds[::-1] if shot.mirrored else shot.kinds
        assert shot.caption == f"A {left_to_right[0]} and a {left_to_right[1]}."
