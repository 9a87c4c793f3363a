"""A plain training that can be stopped and goes on, and what is told of one."""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from dreamrelation.errors import UserError
from dreamrelation.states import read_state, write_state

RECENT = 200
"""Steps over which a reported loss is averaged."""


@dataclass
class TrainingState:
    """All that a stopped training needs to go on."""

    model: dict[str, Tensor] = field(default_factory=dict)
    optimizer: dict = field(default_factory=dict)
    step: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)


class Progress(Protocol):
    """What every state of a training tells."""

    step: int
    seconds: float
    losses: list[float]


Saved = TypeVar("Saved")
Told = TypeVar("Told", bound=Progress)


def train_model(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    rate: Callable[[int], float],
    loss: Callable[[int], Tensor],
    steps: int,
    state: TrainingState | None,
    save: Callable[[TrainingState], None],
    save_every: int,
) -> TrainingState:
    """Train in place, or go on from `state`. `rate` and `loss` are those of a step, and depend on nothing else.

    `save` is called every `save_every` steps and at the end.
    """
    if state is None:
        state = TrainingState()
    else:
        model.load_state_dict(state.model)
        optimizer.load_state_dict(state.optimizer)
    started = time.monotonic()
    while state.step < steps:
        for group in optimizer.param_groups:
            group["lr"] = rate(state.step)
        value = loss(state.step)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        state.losses.append(float(value.detach()))
        state.step += 1
        if state.step % save_every == 0 or state.step == steps:
            state.model, state.optimizer = model.state_dict(), optimizer.state_dict()
            state.seconds += time.monotonic() - started
            started = time.monotonic()
            save(state)
    model.load_state_dict(state.model)
    return state


def training_report(settings: Any, state: Progress) -> dict[str, Any]:
    """What is told of one training: minutes, steps, the loss averaged over the last steps, the settings."""
    return {
        "minutes": round(state.seconds / 60, 1),
        "steps": state.step,
        "final_loss": round(_recent_loss(state), 5),
        "settings": asdict(settings),
    }


def announcing_saver(path: Path, steps: int, kind: type[Told]) -> Callable[[Told], None]:
    """Stores states of this kind at `path`, and says so."""

    def save(state: Told) -> None:
        store(path, state)
        print(
            f"{path.stem}: step {state.step} of {steps}, {state.seconds / 60:.1f} min, loss {_recent_loss(state):.4f}",
            file=sys.stderr,
            flush=True,
        )

    return save


def store(path: Path, content: Any) -> None:
    """Write the fields of a dataclass; appears atomically."""
    write_state(path, {field.name: getattr(content, field.name) for field in fields(content)})


def stored(path: Path, kind: type[Saved]) -> Saved | None:
    """What `store` wrote, or None where there is none."""
    if not path.is_file():
        return None
    try:
        return kind(**read_state(path))
    except Exception as error:  # see read_state
        raise UserError(f"{path}: cannot be read as a training state: {error}; remove it to start afresh") from None


def _recent_loss(state: Progress) -> float:
    recent = state.losses[-RECENT:]
    return sum(recent) / len(recent)
