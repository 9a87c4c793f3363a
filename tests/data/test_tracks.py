"""Denoising: two people out of whatever the sensor saw."""

from collections.abc import Callable

import numpy as np

from dreamrelation.data.ntu.skeletons import Body
from dreamrelation.data.ntu.tracks import two_people

Make = Callable[..., Body]


def test_order_within_frames_does_not_matter(make_body: Make) -> None:
    frames = [[make_body(5, -0.5 + 0.01 * n), make_body(9, 0.5)] for n in range(20)]
    swapped = [bodies[::-1] if n % 3 else bodies for n, bodies in enumerate(frames)]
    a, b = two_people(frames), two_people(swapped)
    np.testing.assert_array_equal(a.positions, b.positions)
    assert a.people == 2 and a.usable.all()
    assert a.first_bodies == (0, 1), "the one that moves varies more and comes first"


def test_empty_frames_keep_their_numbers(make_body: Make) -> None:
    frames = [[make_body(1, -0.5), make_body(2, 0.5)] for _ in range(30)]
    frames[4] = []
    tracks = two_people(frames)
    assert tracks.frames == 30
    assert np.flatnonzero(~tracks.usable).tolist() == [4]
    assert np.isnan(tracks.positions[4]).all() and np.isfinite(tracks.positions[5]).all()


def test_a_changed_body_id_is_joined_to_the_nearest(make_body: Make) -> None:
    """Both bodyIDs change at once: only the distance tells who is who."""
    frames = [[make_body(1, -0.6), make_body(2, 0.6)] for _ in range(15)]
    frames += [[make_body(3, 0.6), make_body(4, -0.6)] for _ in range(15)]
    tracks = two_people(frames)
    assert tracks.people == 2 and tracks.usable.all()
    centres = tracks.positions[:, :, 0, 0]
    assert np.ptp(centres, axis=0).max() < 1e-9


def test_two_people_one_after_the_other_are_not_one(make_body: Make) -> None:
    frames = [[make_body(1, -1.5)] for _ in range(15)] + [[make_body(2, 1.5)] for _ in range(15)]
    tracks = two_people(frames)
    assert tracks.people == 2 and not tracks.usable.any()


def test_short_tracks_and_furniture_are_noise(make_body: Make) -> None:
    frames = [[make_body(1, -0.5), make_body(2, 0.5), make_body(3, 2.0, wide=True)] for _ in range(30)]
    for n in range(11):
        frames[n].append(make_body(4, 1.5))
    tracks = two_people(frames)
    assert tracks.people == 2 and tracks.usable.all()
    frames[11].append(make_body(4, 1.5))
    assert two_people(frames).people == 3, "12 frames are more than noise"


def test_a_third_body_is_counted_where_it_is(make_body: Make) -> None:
    frames = [[make_body(1, -0.5 - 0.01 * n), make_body(2, 0.5 + 0.01 * n)] for n in range(40)]
    for n in range(10, 30):
        frames[n].append(make_body(3, 3.0))
    tracks = two_people(frames)
    assert tracks.people == 3
    assert np.flatnonzero(tracks.others).tolist() == list(range(10, 30))
    assert np.flatnonzero(~tracks.usable).tolist() == list(range(10, 30))


def test_a_body_without_any_tracked_joint_is_not_usable(make_body: Make) -> None:
    frames = [[make_body(1, -0.5), make_body(2, 0.5, tracking=0 if n == 3 else 1)] for n in range(20)]
    assert np.flatnonzero(~two_people(frames).usable).tolist() == [3]


def test_no_body_at_all() -> None:
    tracks = two_people([[], [], []])
    assert tracks.people == 0 and tracks.frames == 3 and not tracks.usable.any()
