"""One request is made, one more may wait, and a further one is refused."""

import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from dreamrelation.errors import UserError
from dreamrelation.masking import masked
from dreamrelation.play.making import Cancelled, Pace, Watch
from dreamrelation.play.order import Order

PLACES = 2
UNEXPECTED = "Something went wrong that should not have: {error}. The terminal of this server shows where."


class Full(UserError):
    """There is no place in the queue."""


@dataclass(frozen=True)
class Request:
    """An order in the queue."""

    id: str
    order: Order
    watch: Watch


@dataclass(frozen=True)
class Outcome:
    """How the last request ended."""

    request: Request
    problem: str | None
    """Why there are no videos, as a sentence; None: they are there."""


class Queue:
    """Requests in their order, and the thread in which they are made. May be asked from any thread."""

    def __init__(self, make: Callable[[Request], None]) -> None:
        self.pace = Pace()
        self.last: Outcome | None = None
        self._make = make
        self._requests: list[Request] = []
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="maker", daemon=True)
        self._thread.start()

    @property
    def requests(self) -> tuple[Request, ...]:
        """The one that is made, and the one that waits."""
        with self._changed:
            return tuple(self._requests)

    @property
    def latest(self) -> Order | None:
        """What was asked for last, since the server was started."""
        with self._changed:
            ended = [] if self.last is None else [self.last.request]
            return next((request.order for request in (*self._requests[::-1], *ended)), None)

    def submit(self, id: str, order: Order) -> Request:
        """Take a request. Raises Full."""
        with self._changed:
            if len(self._requests) >= PLACES:
                raise Full("One request is being made and one is waiting: wait for one of them, or cancel it.")
            request = Request(id, order, Watch(self.pace))
            self._requests.append(request)
            self._changed.notify_all()
            return request

    def cancel(self, id: str) -> bool:
        """Cancel a request: one that waits goes at once, one that is made with its step. False where there is none."""
        with self._changed:
            found = next((request for request in self._requests if request.id == id), None)
            if found is None:
                return False
            found.watch.cancelled = True
            if found is not self._requests[0]:
                self._requests.remove(found)
            return True

    def close(self) -> None:
        """Cancel what is there and wait until the thread has ended."""
        with self._changed:
            self._closing = True
            for request in self._requests:
                request.watch.cancelled = True
            del self._requests[1:]
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._requests or self._closing)
                if not self._requests:
                    return
                request = self._requests[0]
            problem = self._problem_of(request)
            with self._changed:
                self.last = Outcome(request, problem)
                self._requests.remove(request)

    def _problem_of(self, request: Request) -> str | None:
        """Make a request; why that failed, if it did. The thread goes on whatever happens."""
        try:
            self._make(request)
        except Cancelled:
            return "Cancelled."
        except UserError as error:
            return masked(str(error))
        except Exception as error:
            print(masked(traceback.format_exc()), end="", file=sys.stderr)
            return UNEXPECTED.format(error=masked(f"{type(error).__name__}: {error}"))
        return None
