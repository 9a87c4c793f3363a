"""The votes on one question as counts: group by group, how many raters chose each video, and how many none."""

from dataclasses import dataclass

import numpy as np

from dreamrelation.study.groups import MAIN
from dreamrelation.study.votes import Vote


@dataclass(frozen=True)
class Ballots:
    """Of one question, over the MAIN groups that somebody rated."""

    groups: tuple[int, ...]
    """(G,) numbers of the groups."""
    counts: np.ndarray
    """(G, K + 1) raters who chose each method's video; the last column: none of them, a tie."""

    @property
    def raters(self) -> np.ndarray:
        """(G,) raters of each group."""
        return self.counts.sum(axis=1)


def ballots_of(votes: list[Vote], question: str, methods: int) -> Ballots:
    """Count the votes on a question with a single answer; repeats and checks do not count."""
    asked = [vote for vote in votes if vote.question == question and vote.kind == MAIN]
    groups = tuple(sorted({vote.group for vote in asked}))
    rows = {group: row for row, group in enumerate(groups)}
    counts = np.zeros((len(groups), methods + 1), dtype=np.int64)
    for vote in asked:
        counts[rows[vote.group], vote.chosen[0] if vote.chosen else methods] += 1
    return Ballots(groups, counts)


def resampled(groups: int, samples: int, seed: int) -> np.ndarray:
    """(samples, groups) places of groups, drawn with replacement: what all bootstraps of a tally share.

    Groups are resampled, not votes: raters of one group look at the same videos.
    """
    return np.random.default_rng([seed, *b"study tally"]).integers(0, groups, (samples, groups))
