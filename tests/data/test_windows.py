"""Which frames of a clip are used."""

from collections.abc import Callable

import numpy as np
import pytest

from dreamrelation.data.ntu.skeletons import Body
from dreamrelation.data.ntu.tracks import two_people
from dreamrelation.data.refusal import Refusal
from dreamrelation.data.windows import Window, choose_window, nearest

Make = Callable[..., Body]
RATE = 30.0


def evenly(frames: int, rate: float = RATE) -> np.ndarray:
    """Times of the frames of a video, in seconds."""
    return np.arange(frames) / rate


def window(start: int, pixel_frames: int, rule: str) -> Window:
    return Window(tuple(range(start, start + pixel_frames)), rule)


def approaching(make_body: Make, meeting: int, frames: int = 60) -> list[list[Body]]:
    """Two who are closest in one frame."""
    return [
        [make_body(1, -0.4 - 0.05 * abs(n - meeting)), make_body(2, 0.4 + 0.05 * abs(n - meeting))]
        for n in range(frames)
    ]


@pytest.mark.parametrize(("meeting", "start"), [(30, 21), (5, 0), (58, 41)])
def test_the_window_is_centred_on_the_closest_approach_and_clamped(make_body: Make, meeting: int, start: int) -> None:
    found = choose_window(two_people(approaching(make_body, meeting)), evenly(60), 19, RATE)
    assert found == window(start, 19, "closest_approach")


def test_a_video_that_is_one_frame_shorter_clamps(make_body: Make) -> None:
    assert choose_window(two_people(approaching(make_body, 58)), evenly(59), 19, RATE).frames[0] == 40


def test_without_an_approach_the_liveliest_frames_are_taken(make_body: Make) -> None:
    x = [0.0] * 30 + [0.02 * (n % 2) for n in range(15)] + [0.0] * 15
    frames = [[make_body(1, -0.6 + dx), make_body(2, 0.6 + dx)] for dx in x]
    found = choose_window(two_people(frames), evenly(60), 13, RATE)
    assert found.rule == "highest_motion"
    assert found.frames[0] >= 29 and found.frames[-1] < 46


def test_the_window_moves_off_a_frame_without_bodies(make_body: Make) -> None:
    frames = approaching(make_body, 30)
    frames[24] = []
    assert choose_window(two_people(frames), evenly(60), 19, RATE) == window(25, 19, "closest_approach")


def test_an_interaction_that_no_window_holds_is_refused(make_body: Make) -> None:
    frames = approaching(make_body, 30)
    frames[24], frames[36] = [], []
    with pytest.raises(Refusal, match="interaction cut off: the bodies are closest in frame 30"):
        choose_window(two_people(frames), evenly(60), 19, RATE)


def test_reasons_why_there_is_no_window(make_body: Make) -> None:
    frames = approaching(make_body, 15, frames=30)
    with pytest.raises(Refusal, match=r"too short: found 30 frames, 0.97 s, expected 37 at 30 per second, 1.20 s"):
        choose_window(two_people(frames), evenly(30), 37, RATE)
    for n in (10, 20):
        frames[n] = []
    with pytest.raises(Refusal, match="body lost: found two bodies in at most 10 frames on end, expected 19 at"):
        choose_window(two_people(frames), evenly(30), 19, RATE)
    crowded = [[*bodies, make_body(3, 2.5)] for bodies in approaching(make_body, 15, frames=30)]
    with pytest.raises(Refusal, match="third body: found more than two bodies in 30 of 30 frames"):
        choose_window(two_people(crowded), evenly(30), 19, RATE)


def test_a_window_keeps_true_time_at_another_rate(make_body: Make) -> None:
    """Half as many frames of a video of 30 per second, for a model of 15: as long in seconds, not in frames."""
    found = choose_window(two_people(approaching(make_body, 30)), evenly(60), 19, 15.0)
    assert found == Window(tuple(range(12, 49, 2)), "closest_approach")
    slow = choose_window(two_people(approaching(make_body, 10, frames=25)), evenly(25, 25.0), 25, 30.0)
    assert len(slow.frames) == 25 and len(set(slow.frames)) == 21, "24/30 s, in which the video shows 20 more frames"
    with pytest.raises(Refusal, match="too short: found 30 frames, 0.97 s, expected 19 at 16 per second, 1.12 s"):
        choose_window(two_people(approaching(make_body, 15, frames=30)), evenly(30), 19, 16.0)


def test_frames_of_varying_length_are_taken_at_their_true_times(make_body: Make) -> None:
    """The first second has 30 frames, the second one 10: evenly spaced times take each third frame, then each."""
    times = np.concatenate([np.arange(30) / 30, 1 + np.arange(11) / 10])
    found = choose_window(two_people(approaching(make_body, 30, frames=41)), times, 21, 10.0)
    assert found.frames == (*range(0, 30, 3), *range(30, 41))
    assert np.abs(times[list(found.frames)] - np.arange(21) / 10).max() < 1e-9


def test_a_body_that_is_lost_between_the_frames_taken_counts(make_body: Make) -> None:
    frames = approaching(make_body, 30)
    frames[29], frames[31] = [], []
    with pytest.raises(Refusal, match="interaction cut off"):
        choose_window(two_people(frames), evenly(60), 10, 15.0)


def test_of_two_frames_as_near_the_earlier_one_is_taken() -> None:
    assert nearest(np.array([0.0, 1.0, 2.0]), np.array([-1.0, 0.5, 0.6, 1.5, 9.0])) == (0, 0, 1, 1, 2)
