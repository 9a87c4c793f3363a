"""How often somebody may ask."""

import time
from collections import deque
from collections.abc import Callable
from threading import Lock

FORGET_ABOVE = 10_000
"""So many askers are remembered before those that have been silent are let go."""


class RateLimit:
    """At most `count` requests of each asker in `seconds`; safe with several threads."""

    def __init__(self, count: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.count, self.seconds, self.clock = count, seconds, clock
        self._times: dict[str, deque[float]] = {}
        self._lock = Lock()

    def allows(self, asker: str) -> bool:
        """Count a request; False where there were too many, in which case it does not count."""
        with self._lock:
            now = self.clock()
            if len(self._times) > FORGET_ABOVE:
                self._times = {name: times for name, times in self._times.items() if times[-1] > now - self.seconds}
            times = self._times.setdefault(asker, deque())
            while times and times[0] <= now - self.seconds:
                times.popleft()
            if len(times) >= self.count:
                return False
            times.append(now)
            return True
