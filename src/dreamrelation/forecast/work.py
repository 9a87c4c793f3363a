"""What a forecast consists of: pieces of work, and ways to train."""

from dataclasses import dataclass

from dreamrelation.forecast.cards import Card
from dreamrelation.forecast.modes import Mode


@dataclass(frozen=True)
class Work:
    """Equal pieces of work."""

    stage: str
    method: str
    piece: str
    """What is counted: a clip, a step, a video."""
    pieces: int
    """Of the whole experiment."""
    flops: int
    """Operations of one piece, on average."""
    seconds: float
    """Of one piece, on average."""
    memory: int
    """Bytes at the most."""
    fits: bool
    way: str
    """Settings that it needs besides; empty: none."""
    cards: int = 1
    """That make a piece together."""

    @property
    def hours(self) -> float:
        """Of all cards together."""
        return self.cards * self.pieces * self.seconds / 3600


@dataclass(frozen=True)
class Trial:
    """One way to train a method."""

    mode: Mode
    flops: int
    """Operations of a step, on average over the roles, of all cards that make it together."""
    seconds: float
    memory: int
    """Bytes of each card."""
    fits: bool
    cards: int = 1


@dataclass(frozen=True)
class Forecast:
    """What an experiment will cost on a card."""

    card: Card
    share: float
    """Of the card's rate that is reached."""
    works: list[Work]
    trials: dict[str, list[Trial]]
    """Method → ways to train it, those that change no number first."""
    disk: dict[str, int]
    """What → bytes."""
    not_counted: dict[str, str]
    """Method → why."""

    @property
    def hours(self) -> float:
        return sum(work.hours for work in self.works)


def taken(trials: list[Trial]) -> Trial | None:
    """The first that fits, of the fastest kind of weights."""
    return next((trial for trial in trials if trial.fits), None)
