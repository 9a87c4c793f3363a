"""What goes on, for pages and as JSON."""

import math
from dataclasses import dataclass

from dreamrelation.play.order import Order
from dreamrelation.play.queue import Outcome, Queue, Request
from dreamrelation.progress import duration


@dataclass(frozen=True)
class Shown:
    """A request in the queue, in words and numbers."""

    id: str
    title: str
    doing: str
    stage: str
    done: int
    total: int
    left: str
    """Such as "about 40 s left"; empty where that is not known."""
    cancelled: bool


@dataclass(frozen=True)
class State:
    """The queue, and how the last request ended."""

    running: Shown | None
    waiting: Shown | None
    finished: str | None
    """Id of the request that ended last since the server was started."""
    problem: str | None
    """Why it has no videos, if it has none."""
    failed: str
    """What it was to show, if it has none."""

    @property
    def mark(self) -> str:
        """Another one whenever a request comes, begins or ends."""
        queued = [one.id for one in (self.running, self.waiting) if one is not None]
        return " ".join([*queued, f"after {self.finished}"])


def state_of(queue: Queue) -> State:
    """As it is now. Read in this order, a request that ends meanwhile is seen twice rather than not at all."""
    requests = queue.requests
    last: Outcome | None = queue.last
    running, waiting = [*map(shown, requests), None, None][:2]
    return State(
        running=running,
        waiting=waiting,
        finished=None if last is None else last.request.id,
        problem=None if last is None else last.problem,
        failed="" if last is None or last.problem is None else title_of(last.request.order),
    )


def title_of(order: Order) -> str:
    """Such as "dog and cat in a library"."""
    return f"{order.subjects[0]} and {order.subjects[1]}{' ' + order.place if order.place else ''}"


def shown(request: Request) -> Shown:
    progress = request.watch.progress
    left = ""
    if progress.seconds_left is not None and not request.watch.cancelled:
        rounded = math.ceil(progress.seconds_left)
        left = f"about {duration(rounded)} left{', and decoding' if progress.without_decoding else ''}"
    cancelled = request.watch.cancelled
    return Shown(
        id=request.id,
        title=title_of(request.order),
        doing="Cancelling, after this step" if cancelled else progress.doing,
        stage="Cancelling" if cancelled else progress.stage,
        done=progress.done,
        total=progress.total,
        left=left,
        cancelled=cancelled,
    )
