"""Who makes the videos of an order, and how far that is."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal, Protocol

from dreamrelation.play.order import Offer, Order

Work = Literal["step", "decoding"]


class Cancelled(Exception):
    """Who asked for the videos does not want them any more."""


@dataclass(frozen=True)
class MadeVideo:
    """A video of one method, and all that made it beside the order."""

    method: str
    label: str
    text: str
    """What the model was given."""
    scale: float | None
    """How strongly adapters were applied; None for a method without."""
    adapters: tuple[str, ...]
    """"name:sha256 of its file" of all that the method loaded."""
    file: str
    """In the folder of its request."""
    still: str
    """A picture of it, in the same folder."""
    sha256: str
    pixel_frames: int
    height: int
    width: int
    frames_per_second: int
    seconds: float
    """That it took, from the method's adapters to the file."""


@dataclass(frozen=True)
class Made:
    """What an order was made into."""

    prompt: str
    """What the videos should show."""
    model: str
    """Path and fingerprint of the denoiser."""
    videos: tuple[MadeVideo, ...]


class Maker(Protocol):
    """Makes videos, in one thread."""

    offer: Offer

    def check(self, order: Order) -> None:
        """Raise UserError where the model cannot sample in so many steps."""
        ...

    def make(self, order: Order, folder: Path, watch: "Watch") -> Made:
        """Write the videos and their stills into a folder, telling `watch` of each piece of work.

        Raises UserError for what the user can mend, Cancelled as soon as the watch says so.
        """
        ...


class Pace:
    """Seconds that each kind of work takes, as measured lately."""

    def __init__(self) -> None:
        self._seconds: dict[Work, deque[float]] = {"step": deque(maxlen=16), "decoding": deque(maxlen=4)}

    def note(self, work: Work, seconds: float) -> None:
        self._seconds[work].append(seconds)

    def of(self, work: Work) -> float | None:
        """Seconds of one, None where none was measured yet."""
        measured = self._seconds[work]
        return median(measured) if measured else None


@dataclass(frozen=True)
class Progress:
    """How far a request is."""

    doing: str
    """What is going on, such as "Base model: step 3 of 24"."""
    stage: str
    """The same without numbers, which changes seldom."""
    done: int = 0
    total: int = 0
    """Steps and decodings; 0: not yet known."""
    seconds_left: float | None = None
    """None where nothing was measured yet."""
    without_decoding: bool = False
    """The time of decoding is not known yet and not among these seconds."""


class Watch:
    """Follows one request: who makes it tells of the work and is told when it is cancelled; pages read `progress`."""

    def __init__(self, pace: Pace, clock: Callable[[], float] = time.monotonic) -> None:
        self.pace, self.clock = pace, clock
        self.progress = Progress("Waiting", "Waiting")
        """Replaced as a whole, so that another thread may read it at any time."""
        self.cancelled = False
        self._left: dict[Work, int] = {"step": 0, "decoding": 0}
        self._total = 0
        self._since = clock()

    def expect(self, steps: int, decodings: int) -> None:
        """Say how much work there will be in all."""
        self._left = {"step": steps, "decoding": decodings}
        self._total = steps + decodings

    def begin(self, stage: str, detail: str = "") -> None:
        """Say what comes next. Raises Cancelled."""
        self._since = self.clock()
        self._show(stage, detail)

    def finish(self, work: Work, stage: str, detail: str = "") -> None:
        """Say that a piece of work is done, and what comes next. Raises Cancelled."""
        now = self.clock()
        self.pace.note(work, now - self._since)
        self._left[work] -= 1
        self._since = now
        self._show(stage, detail)

    def _show(self, stage: str, detail: str) -> None:
        each: dict[Work, float | None] = {work: self.pace.of(work) for work, count in self._left.items() if count}
        known = [self._left[work] * seconds for work, seconds in each.items() if seconds is not None]
        self.progress = Progress(
            doing=f"{stage}: {detail}" if detail else stage,
            stage=stage,
            done=self._total - sum(self._left.values()),
            total=self._total,
            seconds_left=sum(known) if known and each.get("step", 0.0) is not None else None,
            without_decoding="decoding" in each and each["decoding"] is None,
        )
        if self.cancelled:
            raise Cancelled
