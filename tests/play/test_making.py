"""Progress that is true: counted by the one who makes, timed by a clock; and how a request is cancelled."""

import pytest

from dreamrelation.play.making import Cancelled, Pace, Watch


class Clock:
    """Tells the seconds that a test has let pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_steps_and_decodings_are_counted_and_the_time_left_is_measured() -> None:
    clock, pace = Clock(), Pace()
    watch = Watch(pace, clock)
    watch.begin("Opening")
    assert (watch.progress.done, watch.progress.total, watch.progress.seconds_left) == (0, 0, None)
    watch.expect(steps=4, decodings=2)
    clock.now = 100.0  # opening the model is no step, and says nothing of how long one takes
    watch.begin("First", "step 1 of 2")
    assert (watch.progress.total, watch.progress.seconds_left) == (6, None)
    clock.now += 3.0
    watch.finish("step", "First", "step 2 of 2")
    shown = watch.progress
    assert (shown.doing, shown.stage, shown.done) == ("First: step 2 of 2", "First", 1)
    assert shown.seconds_left == 3 * 3.0 and shown.without_decoding
    clock.now += 3.0
    watch.finish("step", "First", "decoding")
    clock.now += 10.0
    watch.finish("decoding", "First")
    shown = watch.progress
    assert (shown.done, shown.seconds_left, shown.without_decoding) == (3, 2 * 3.0 + 10.0, False)


def test_the_next_request_knows_from_the_beginning() -> None:
    clock, pace = Clock(), Pace()
    for seconds in (2.0, 90.0, 4.0):
        pace.note("step", seconds)  # one of the steps was slow, as the first one of a program is
    pace.note("decoding", 5.0)
    watch = Watch(pace, clock)
    watch.expect(steps=10, decodings=1)
    watch.begin("First", "step 1 of 10")
    assert watch.progress.seconds_left == 10 * 4.0 + 5.0


def test_at_the_end_nothing_is_left() -> None:
    watch = Watch(Pace(), Clock())
    watch.expect(steps=1, decodings=1)
    watch.finish("step", "First", "decoding")
    watch.finish("decoding", "First")
    assert (watch.progress.done, watch.progress.total) == (2, 2) and not watch.progress.seconds_left


def test_whoever_makes_is_told_of_a_cancellation_at_the_next_step() -> None:
    watch = Watch(Pace(), Clock())
    watch.expect(steps=2, decodings=1)
    watch.finish("step", "First")
    watch.cancelled = True
    with pytest.raises(Cancelled):
        watch.finish("step", "First")
    with pytest.raises(Cancelled):
        watch.begin("Second")
