"""Which process is killed when: drawn from a seed, spread over a run, half of it aimed at writes."""

import random
from dataclasses import asdict, dataclass

WHOM = ("snakemake", "job", "group")
"""Snakemake alone, which leaves its jobs running; one job's process alone; the whole process group."""
AIMS = ("write", "moment")
LONGEST_AFTER_S = 0.05
"""Between a write that is seen and the kill: some hit the writing, some what comes after it."""


@dataclass(frozen=True)
class Kill:
    """One kill, as it was drawn."""

    number: int
    """Counted from 0."""
    whom: str
    aim: str
    share: float
    """In [0, 2): when at the earliest, as a share of what falls to one kill of the time that is left."""
    after_s: float
    """From the write that is aimed at to the kill."""


@dataclass(frozen=True)
class Hit:
    """One kill, as it went."""

    kill: Kill
    at_s: float
    """Since this start of Snakemake."""
    working: tuple[str, ...]
    """Stages that were at work."""
    writing: tuple[str, ...]
    """Outputs that were being written."""
    killed: tuple[str, ...]
    """Who was killed; empty where the run had ended before."""
    refused: tuple[str, ...] = ()
    """What the user was told on the way to the next run that went on."""

    @property
    def line(self) -> str:
        aimed = "at a write" if self.kill.aim == "write" else "at a moment"
        whom = ", ".join(self.killed) or "nobody: the run had ended"
        return (
            f"kill {self.kill.number + 1}, aimed {aimed}, after {self.at_s:.1f} s: {whom};"
            f" at work: {', '.join(self.working) or 'no stage'}; writing: {', '.join(self.writing) or 'nothing'}"
        )

    def as_json(self) -> dict:
        return asdict(self) | {"line": self.line}


def draw_kill(seed: int, number: int) -> Kill:
    """The same for the same seed and number, so that a campaign that was stopped goes on as it would have."""
    draws = random.Random(f"{seed}-{number}")
    pairs = [(whom, aim) for aim in AIMS for whom in WHOM]
    whom, aim = pairs[number % len(pairs)]
    after = draws.choice((0.0, draws.uniform(0, LONGEST_AFTER_S)))
    return Kill(number, whom, aim, draws.uniform(0, 2), after)
