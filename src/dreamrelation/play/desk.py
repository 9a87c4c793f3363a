"""Where orders are taken, made and kept."""

from collections.abc import Callable
from datetime import UTC, datetime

from dreamrelation.play.history import Entry, History, new_id
from dreamrelation.play.making import Maker
from dreamrelation.play.order import Order
from dreamrelation.play.queue import Queue, Request


def _now() -> datetime:
    return datetime.now(UTC)


class Desk:
    """The maker, the queue before it, and the history behind it."""

    def __init__(self, maker: Maker, history: History, clock: Callable[[], datetime] = _now) -> None:
        self.maker, self.offer, self.history, self.clock = maker, maker.offer, history, clock
        self.queue = Queue(self._make)

    def submit(self, order: Order) -> Request:
        """Put an order into the queue. Raises Full."""
        return self.queue.submit(new_id(self.clock()), order)

    def order_to_show(self, id: str) -> Order:
        """That of this request of the history; else the one that was given last; else the first one of all."""
        chosen, latest = self.history.find(id), self.queue.latest
        if not isinstance(chosen, Entry) and latest is not None:
            return latest
        newest = [self.history.find(name) for name in self.history.ids()[:1]]
        return next((entry.order for entry in (chosen, *newest) if isinstance(entry, Entry)), self.offer.first)

    def _make(self, request: Request) -> None:
        started = self.clock()
        with self.history.adding(request.id) as folder:
            made = self.maker.make(request.order, folder, request.watch)
            entry = Entry(request.id, self.offer.relation, request.order, made, started, self.clock())
            self.history.write(entry, folder)
