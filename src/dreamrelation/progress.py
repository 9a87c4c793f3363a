"""How far a long job is: a bar in its log, and now and then a line to the people at the terminal.

The workflow redirects each job to its log and names the terminal's file descriptor in TERMINAL.
"""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self, TypeVar

from tqdm import tqdm

TERMINAL = "DREAMRELATION_TERMINAL"
"""Environment variable with the number of an open file descriptor; without it only the log is written."""
SECONDS_BETWEEN = 20.0

Item = TypeVar("Item")


class Progress:
    """Counts steps of a known number; a context manager."""

    def __init__(self, what: str, total: int, done: int = 0) -> None:
        self.what, self.total, self.first, self.done = what, total, done, done
        self.note = ""
        self.started = self.told = time.monotonic()
        self.terminal = _terminal()
        self.bar = tqdm(total=total, initial=done, desc=what, file=sys.stderr, mininterval=2.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.close()

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Say that so many more steps are done, and how it goes, such as "loss 43.1"."""
        self.done += steps
        if note:
            self.note = note
            self.bar.set_postfix_str(note, refresh=False)
        self.bar.update(steps)
        now = time.monotonic()
        if self.terminal is not None and now - self.told >= SECONDS_BETWEEN and self.done < self.total:
            self.told = now
            self._tell(now)

    def _tell(self, now: float) -> None:
        each = (now - self.started) / max(self.done - self.first, 1)
        pace = f"{each:.2g} s each" if each > 0.5 else f"{1 / each:.3g} a second"
        told = ", ".join(
            [*([self.note] if self.note else []), pace, f"{duration(each * (self.total - self.done))} to go"]
        )
        line = f"    {self.what}: {self.done} of {self.total}, {told}\n"
        try:
            os.write(self.terminal if self.terminal is not None else sys.stderr.fileno(), line.encode())
        except OSError as error:
            print(f"the terminal cannot be written to any more: {error}", file=sys.stderr)
            self.terminal = None


def _terminal() -> int | None:
    text = os.environ.get(TERMINAL, "")
    return int(text) if text.isdecimal() else None


def tell(message: str) -> None:
    """Say something in the log, or, where that cannot be written, as on a full disk, at the terminal."""
    try:
        print(message, file=sys.stderr, flush=True)
    except OSError:
        terminal = _terminal()
        if terminal is None:
            raise
        os.write(terminal, f"{message}\n".encode())


def progress(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    """The items, counted as they are done with."""
    with Progress(what, total) as counter:
        for item in items:
            yield item
            counter.advance()


def duration(seconds: float) -> str:
    """Such as "2 h 5 min", "3 min" or "40 s"."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes >= 2 else f"{whole} s"
