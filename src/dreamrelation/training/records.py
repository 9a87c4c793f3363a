"""What was measured in each step, read from the device in portions.

Reading one number makes the host wait until the GPU has done all that came before it, and the GPU then waits for the
host. So a step's numbers stay where they are, and are read together now and then.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from dreamrelation.errors import UserError
from dreamrelation.methods.interface import StepLoss
from dreamrelation.processes import mean_over_processes
from dreamrelation.tables.rows import TrainingStep


@dataclass(frozen=True)
class UnreadStep:
    """A step whose numbers are still on the device."""

    step: int
    role: str
    clips: tuple[str, ...]
    losses: list[StepLoss]
    """Of the step's passes."""
    gradient_norm: Tensor
    learning_rate: float
    held_out: dict[str, Tensor]


class Records:
    """The rows of `training.parquet`, in order; `add` a step, then `read` before the rows are looked at."""

    def __init__(self, what: str, every: int, rows: list[TrainingStep] | None = None) -> None:
        """`every`: steps after which numbers are read without being asked for."""
        self.what, self.every, self.rows = what, every, [] if rows is None else rows
        self.show: Callable[[TrainingStep], None] | None = None
        """Is given each row that is read."""
        self._unread: list[UnreadStep] = []
        self._read_at = time.monotonic()

    def add(self, step: UnreadStep) -> None:
        """Take in a step. Raises as `read`, where it is time to."""
        self._unread.append(step)
        if len(self._unread) >= self.every:
            self.read()

    def read(self) -> list[TrainingStep]:
        """All rows; a step's time is the mean of those that were read together.

        Raises UserError where a loss is not finite.
        """
        if self._unread:
            values = [_values(step) for step in self._unread]
            # one transfer for all of them
            read = mean_over_processes(torch.stack([value for row in values for value in row.values()])).tolist()
            now = time.monotonic()
            seconds = (now - self._read_at) / len(self._unread)
            self._read_at = now
            numbers = iter(read)
            for step, names in zip(self._unread, values, strict=True):
                row = self._row(step, {name: next(numbers) for name in names}, seconds)
                self.rows.append(row)
                if self.show is not None:
                    self.show(row)
            self._unread.clear()
        return self.rows

    def note(self) -> str:
        """How it goes, by what was read last: the mean loss of up to 50 steps of each kind of step."""
        recent: dict[str, list[float]] = {}
        for row in self.rows[-50:]:
            recent.setdefault(row.role, []).append(row.loss)
        return ", ".join(
            f"loss {sum(v) / len(v):.3g}{'' if role == 'all' else f' ({role})'}" for role, v in recent.items()
        )

    def restart_clock(self) -> None:
        """Count the time of the next step from now."""
        self._read_at = time.monotonic()

    def _row(self, step: UnreadStep, numbers: dict[str, float], seconds: float) -> TrainingStep:
        loss = numbers.pop("loss")
        norm = numbers.pop("norm")
        if not math.isfinite(loss):
            raise UserError(
                f"{self.what}, step {step.step}: the loss is {loss} for the clips {list(step.clips)};"
                " a smaller learning rate or float32 may help"
            )
        return TrainingStep(
            step=step.step,
            role=step.role,
            clips=step.clips,
            loss=loss,
            terms=_of_kind("term ", numbers),
            learning_rate=step.learning_rate,
            gradient_norm=norm,
            seconds=seconds,
            held_out=_of_kind("held out ", numbers),
        )


def _of_kind(kind: str, numbers: dict[str, float]) -> dict[str, float]:
    return {name.removeprefix(kind): value for name, value in numbers.items() if name.startswith(kind)}


def _values(step: UnreadStep) -> dict[str, Tensor]:
    """The numbers of a step by name, float32 scalars: each is the mean of the passes in which it applied."""
    names = dict.fromkeys(name for loss in step.losses for name in loss.terms)
    values = {"loss": [loss.total for loss in step.losses], "norm": [step.gradient_norm]}
    values |= {f"term {name}": [loss.terms[name] for loss in step.losses if name in loss.terms] for name in names}
    values |= {f"held out {level}": [loss] for level, loss in step.held_out.items()}
    return {name: torch.stack([one.detach().float() for one in some]).mean() for name, some in values.items()}
