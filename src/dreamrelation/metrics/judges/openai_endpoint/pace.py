"""No more requests a minute than a server allows."""

import time
from threading import Lock


class Pace:
    """Lets callers of several threads pass one by one, evenly spaced; at once where there is no limit."""

    def __init__(self, per_minute: int | None) -> None:
        self.gap = 0.0 if per_minute is None else 60 / per_minute
        self.lock, self.next = Lock(), 0.0

    def wait(self) -> None:
        """Until it is the caller's turn."""
        with self.lock:
            now = time.monotonic()
            turn = max(self.next, now)
            self.next = turn + self.gap
        time.sleep(max(turn - now, 0))
