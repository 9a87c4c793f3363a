"""What one rater is shown, and when: follows from the study's seed and the rater's number."""

from dataclasses import dataclass

import numpy as np

from dreamrelation.study.groups import CHECK, MAIN

REPEAT = "repeat"
GAP = 5
"""So many groups lie at least between the two times that a rater sees one, where there are as many."""


@dataclass(frozen=True)
class Sequence:
    """One rater's way through the study."""

    seed: int
    rater: int
    groups: int
    """MAIN groups of the study."""
    main: int
    """Of which the rater is shown so many."""
    checks: int
    repeats: int

    @property
    def total(self) -> int:
        """Showings."""
        return self.main + self.checks + self.repeats

    def kinds(self) -> list[str]:
        """What each showing is: MAIN, CHECK or REPEAT. The first is MAIN; repeats come after half of the others."""
        rng = self._rng("kinds")
        kinds = [MAIN] * self.main
        for _ in range(self.checks):
            kinds.insert(int(rng.integers(1, len(kinds) + 1)), CHECK)
        half = (len(kinds) + 1) // 2
        for _ in range(self.repeats):
            kinds.insert(int(rng.integers(half, len(kinds) + 1)), REPEAT)
        return kinds

    def order(self) -> list[int]:
        """Places of the MAIN groups in the order in which the rater would rather see them."""
        return self._rng("order").permutation(self.groups).tolist()

    def check(self, number: int, count: int) -> int:
        """Which of `count` CHECK groups the showing of this number is: each once before any comes twice."""
        before = self.kinds()[:number].count(CHECK)
        return int(self._rng("checks").permutation(count)[before % count])

    def repeated(self, number: int, seen: list[int]) -> int:
        """Which of the MAIN groups that were `seen`, in that order, the showing of this number repeats.

        `seen` holds those that were not repeated yet.
        """
        choice = seen[: max(1, len(seen) - GAP)]
        return choice[int(self._rng("repeats", number).integers(len(choice)))]

    def places(self, number: int, videos: int) -> list[int]:
        """The videos' places in the group, in the order in which the showing of this number has them."""
        return self._rng("places", number).permutation(videos).tolist()

    def _rng(self, purpose: str, *more: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.rater, *more, *f"study {purpose}".encode()])
