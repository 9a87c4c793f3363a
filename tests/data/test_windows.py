"""Which frames of a clip are used."""

from collections.abc import Callable

import pytest

from dreamrelation.data.ntu.skeletons import Body
from dreamrelation.data.ntu.tracks import two_people
from dreamrelation.data.refusal import Refusal
from dreamrelation.data.windows import Window, choose_window

Make = Callable[..., Body]


def approaching(make_body: Make, meeting: int, frames: int = 60) -> list[list[Body]]:
    """Two who are closest in one frame."""
    return [
        [make_body(1, -0.4 - 0.05 * abs(n - meeting)), make_body(2, 0.4 + 0.05 * abs(n - meeting))]
        for n in range(frames)
    ]


@pytest.mark.parametrize(("meeting", "start"), [(30, 21), (5, 0), (58, 41)])
def test_the_window_is_centred_on_the_closest_approach_and_clamped(make_body: Make, meeting: int, start: int) -> None:
    window = choose_window(two_people(approaching(make_body, meeting)), 19, 60)
    assert window == Window(start, 19, "closest_approach")


def test_a_video_that_is_one_frame_shorter_clamps(make_body: Make) -> None:
    assert choose_window(two_people(approaching(make_body, 58)), 19, 59).start_frame == 40


def test_without_an_approach_the_liveliest_frames_are_taken(make_body: Make) -> None:
    x = [0.0] * 30 + [0.02 * (n % 2) for n in range(15)] + [0.0] * 15
    frames = [[make_body(1, -0.6 + dx), make_body(2, 0.6 + dx)] for dx in x]
    window = choose_window(two_people(frames), 13, 60)
    assert window.rule == "highest_motion"
    assert window.start_frame >= 29 and window.start_frame + 13 <= 46


def test_the_window_moves_off_a_frame_without_bodies(make_body: Make) -> None:
    frames = approaching(make_body, 30)
    frames[24] = []
    window = choose_window(two_people(frames), 19, 60)
    assert window == Window(25, 19, "closest_approach")


def test_an_interaction_that_no_window_holds_is_refused(make_body: Make) -> None:
    frames = approaching(make_body, 30)
    frames[24], frames[36] = [], []
    with pytest.raises(Refusal, match="interaction cut off: the bodies are closest in frame 30"):
        choose_window(two_people(frames), 19, 60)


def test_reasons_why_there_is_no_window(make_body: Make) -> None:
    frames = approaching(make_body, 15, frames=30)
    with pytest.raises(Refusal, match="too short: found 30 frames, expected 37"):
        choose_window(two_people(frames), 37, 30)
    for n in (10, 20):
        frames[n] = []
    with pytest.raises(Refusal, match="body lost: found two bodies in at most 10 frames on end, expected 19"):
        choose_window(two_people(frames), 19, 30)
    crowded = [[*bodies, make_body(3, 2.5)] for bodies in approaching(make_body, 15, frames=30)]
    with pytest.raises(Refusal, match="third body: found more than two bodies in 30 of 30 frames"):
        choose_window(two_people(crowded), 19, 30)
