"""What people are told while a long job runs."""

import os
from pathlib import Path

import pytest

from dreamrelation import progress
from dreamrelation.progress import TERMINAL, Progress, duration


def test_the_terminal_is_told_how_far_how_well_how_fast_and_how_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with (tmp_path / "terminal").open("wb") as terminal:
        monkeypatch.setenv(TERMINAL, str(os.dup(terminal.fileno())))
        with Progress("training", total=100, done=10) as counter:
            now[0] = 21.0
            counter.advance(20, note="loss 4.2")
            now[0] = 22.0
            counter.advance(1, note="loss 4.1")
            now[0] = 45.0
            counter.advance(69)
    told = (tmp_path / "terminal").read_text()
    assert told == "    training: 30 of 100, loss 4.2, 1.1 s each, 74 s to go\n", "once in 20 s, and not at the end"


def test_fast_steps_are_counted_by_the_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with (tmp_path / "terminal").open("wb") as terminal:
        monkeypatch.setenv(TERMINAL, str(os.dup(terminal.fileno())))
        with Progress("clips", total=5000) as counter:
            now[0] = 25.0
            counter.advance(2500)
    assert (tmp_path / "terminal").read_text() == "    clips: 2500 of 5000, 100 a second, 25 s to go\n"


@pytest.mark.parametrize(("seconds", "text"), [(40, "40 s"), (119, "119 s"), (180, "3 min"), (7500, "2 h 5 min")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
