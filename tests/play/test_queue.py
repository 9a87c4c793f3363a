"""A queue of one: who is made, who waits, who is refused, and that the thread outlives what goes wrong."""

from pathlib import Path

import pytest
from tests.play.fake import FIRST, FakeMaker, desk_with, until

from dreamrelation.errors import UserError
from dreamrelation.play.desk import Desk
from dreamrelation.play.history import Entry
from dreamrelation.play.queue import Full


def ended(desk: Desk, id: str) -> bool:
    return desk.queue.last is not None and desk.queue.last.request.id == id


def test_one_is_made_one_waits_and_a_third_is_refused(desk: Desk, maker: FakeMaker) -> None:
    first, second = desk.submit(FIRST), desk.submit(FIRST)
    with pytest.raises(Full, match="One request is being made and one is waiting"):
        desk.submit(FIRST)
    until(lambda: len(maker.made) == 1)
    assert desk.queue.requests == (first, second) and not desk.history.ids()
    maker.let(8)
    until(lambda: ended(desk, first.id))
    assert isinstance(desk.history.find(first.id), Entry)
    third = desk.submit(FIRST)
    maker.let(16)
    until(lambda: ended(desk, third.id))
    assert desk.queue.requests == () and len(desk.history.ids()) == 3 and len(maker.made) == 3


def test_the_one_that_is_made_ends_with_its_step_and_leaves_nothing(desk: Desk, maker: FakeMaker) -> None:
    first, second = desk.submit(FIRST), desk.submit(FIRST)
    maker.let(5)
    until(lambda: first.watch.progress.done == 6)
    assert desk.queue.cancel(first.id)
    assert desk.queue.requests == (first, second), "it is there until its step has ended"
    maker.let(1)
    until(lambda: ended(desk, first.id))
    assert desk.queue.last is not None and desk.queue.last.problem == "Cancelled."
    until(lambda: len(maker.made) == 2)
    assert [path.name for path in desk.history.folder.iterdir() if not path.name.startswith(".part-")] == []
    maker.let(8)
    until(lambda: ended(desk, second.id))
    assert [path.name for path in desk.history.folder.iterdir()] == [second.id]


def test_the_one_that_waits_is_gone_at_once(desk: Desk, maker: FakeMaker) -> None:
    first, second = desk.submit(FIRST), desk.submit(FIRST)
    assert desk.queue.cancel(second.id) and desk.queue.requests == (first,)
    assert not desk.queue.cancel(second.id) and not desk.queue.cancel("nobody")
    maker.let(8)
    until(lambda: ended(desk, first.id))
    assert len(maker.made) == 1


def test_what_goes_wrong_is_told_and_the_next_one_is_made(
    desk: Desk, maker: FakeMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    for problem, told in (
        (UserError("word.safetensors: no such file"), "word.safetensors: no such file"),
        (
            ZeroDivisionError("a mistake of ours"),
            "Something went wrong that should not have: ZeroDivisionError",
        ),
    ):
        maker.problem = problem
        request = desk.submit(FIRST)
        maker.let(2)
        until(lambda request=request: ended(desk, request.id))
        assert desk.queue.last is not None and str(desk.queue.last.problem).startswith(told)
    assert "ZeroDivisionError" in capsys.readouterr().err and not desk.history.ids()
    maker.problem = None
    request = desk.submit(FIRST)
    maker.let(8)
    until(lambda: ended(desk, request.id))
    assert desk.queue.last is not None and desk.queue.last.problem is None


def test_closing_cancels_both_and_ends_the_thread(maker: FakeMaker, tmp_path: Path) -> None:
    desk = desk_with(maker, tmp_path)
    desk.submit(FIRST)
    desk.submit(FIRST)
    until(lambda: len(maker.made) == 1)
    maker.let(1)
    desk.queue.close()
    assert not desk.queue.requests and not desk.history.ids() and len(maker.made) == 1
    desk.queue.close()


def test_what_was_asked_for_last_is_shown_again(desk: Desk, maker: FakeMaker, tmp_path: Path) -> None:
    assert desk.order_to_show("") == FIRST
    other = FIRST.__class__(("frog", "fox"), "in a library", ("base",), 3, 0.5, 2)
    request = desk.submit(other)
    assert desk.order_to_show("") == other
    maker.let(2)
    until(lambda: ended(desk, request.id))
    desk.submit(FIRST)
    assert desk.order_to_show("") == FIRST and desk.order_to_show(request.id) == other
    later = desk_with(FakeMaker(), tmp_path)
    assert later.order_to_show("") == other, "after a restart the newest of the history"
    later.queue.close()
