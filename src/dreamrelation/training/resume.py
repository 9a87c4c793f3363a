"""The state from which a killed training goes on; kept apart from the outputs, which Snakemake deletes on failure."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from torch import Tensor

from dreamrelation.files import LOCK, held, set_aside
from dreamrelation.states import read_state, write_state

STATE = "state.pt"


@dataclass
class TrainingState:
    """All that changes while training."""

    step: int
    """Steps that are done."""
    parameters: dict[str, Tensor]
    optimizer: dict[str, Any]
    method: dict[str, Any]
    """The method's own state, such as the memory of its loss."""
    rows: list[dict[str, Any]]
    """Rows of tables.TRAINING so far, as dictionaries."""


@contextmanager
def resume_folder(folder: Path, alone: bool = True) -> Iterator[Path]:
    """Hold a resume folder for this training; of several processes only the main one holds it (`alone`).

    Raises UserError where another training holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder, "training") if alone else nullcontext():
        yield folder


def save_state(folder: Path, state: TrainingState, fingerprint: str) -> None:
    """Write the state; appears atomically."""
    write_state(folder / STATE, {"fingerprint": fingerprint, **state.__dict__})


@dataclass(frozen=True)
class Unusable:
    """Why a state that is there cannot be taken up."""

    reason: str


def load_state(folder: Path, fingerprint: str) -> TrainingState | Unusable | None:
    """The state, or why it cannot be taken up, or None where there is none. Changes no file."""
    path = folder / STATE
    if not path.is_file():
        return None
    try:
        content = read_state(path)
        found = content.pop("fingerprint")
        state = TrainingState(**content)
        _check(state)
    except Exception as error:  # see read_state
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        return Unusable(f"cannot be read as a training state: {reason}")
    if found != fingerprint:
        return Unusable("made from other settings or inputs")
    return state


def put_aside(folder: Path, why: Unusable) -> None:
    """Give a state that cannot be taken up another name, and say so: hours of somebody's GPU may be in it."""
    path = folder / STATE
    aside = set_aside(path)
    print(f"{path}: {why.reason}; set aside as {aside.name}, the training starts afresh", file=sys.stderr)


def _check(state: TrainingState) -> None:
    """Raise TypeError where a foreign file has fields of our names."""
    kinds = {"step": int, "parameters": dict, "optimizer": dict, "method": dict, "rows": list}
    for field in fields(state):
        if not isinstance(getattr(state, field.name), kinds[field.name]):
            raise TypeError(f"{field.name} is a {type(getattr(state, field.name)).__name__}")


def discard(folder: Path) -> None:
    """Remove the state of a finished training, and its folder unless something else was set aside in it."""
    for name in (STATE, LOCK):
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
