"""Who is subject 1."""

import numpy as np
import pytest

from dreamrelation.data.ntu.skeletons import Body
from dreamrelation.data.ntu.tracks import two_people
from dreamrelation.data.subjects import choose_subject, walks_behind
from dreamrelation.data.windows import Window
from dreamrelation.puppets.theatre.motions import MOTIONS, Manner
from dreamrelation.puppets.theatre.poses import ntu_joints, solve
from dreamrelation.relations import RELATIONS

LED = [slug for slug in MOTIONS if slug in RELATIONS and RELATIONS[slug].actor is not None]

WINDOW = Window(tuple(range(19)), "")


def acted(slug: str, mirrored: bool, vigour: float) -> list[list[Body]]:
    """Nineteen frames of a motion as a sensor sees them; body 1 is the actor."""
    frames = []
    for time in (np.arange(19) - 9) / 10:
        poses = MOTIONS[slug](float(time), Manner(gap=1.0, vigour=vigour, phase=0.3))
        bodies = []
        for who, pose in enumerate(poses):
            flat = 1.7 * ntu_joints(solve(pose)) * [-1.0 if mirrored else 1.0, 1.0]
            pixels = flat * [100.0, -100.0] + [300.0, 400.0]
            bodies.append(Body(1 + who, np.column_stack([flat, np.full(25, 3.0)]), pixels, np.full(25, 2, np.uint8)))
        frames.append(bodies)
    return frames


@pytest.mark.parametrize("slug", LED)
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("vigour", [0.85, 1.1])
def test_the_actor_is_found_whatever_the_side(slug: str, mirrored: bool, vigour: float) -> None:
    tracks = two_people(acted(slug, mirrored, vigour))
    cue = RELATIONS[slug].actor
    subject, rule = choose_subject(tracks, WINDOW, cue)
    assert rule == f"actor_{cue}"
    assert tracks.first_bodies[subject] == 0


@pytest.mark.parametrize("mirrored", [False, True])
def test_without_an_actor_the_left_one_is_subject_1(mirrored: bool) -> None:
    tracks = two_people(acted("shaking_hands", mirrored, 1.0))
    subject, rule = choose_subject(tracks, WINDOW, RELATIONS["shaking_hands"].actor)
    assert rule == "left"
    assert tracks.first_bodies[subject] == int(mirrored)


def test_nobody_is_behind_when_they_do_not_walk_the_same_way() -> None:
    still = np.tile([[0.0, 0, 0], [1.0, 0, 0]], (10, 1, 1))
    walk = np.linspace(0, 2, 10)[:, None] * [1.0, 0, 0]
    assert walks_behind(still) is None
    assert walks_behind(still + np.stack([walk, -walk], axis=1)) is None
    assert walks_behind(still + walk[:, None]) == 0
    assert walks_behind(still - walk[:, None]) == 1


def test_followers_who_stand_still_fall_back_to_the_left_one() -> None:
    frames = [acted("follow", False, 1.0)[0]] * 19
    tracks = two_people(frames)
    subject, rule = choose_subject(tracks, WINDOW, "behind")
    assert rule == "left" and tracks.first_bodies[subject] == 0
