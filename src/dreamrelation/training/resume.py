"""The state from which a killed training goes on; kept apart from the outputs, which Snakemake deletes on failure."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from torch import Tensor

from dreamrelation.files import appearing


@dataclass
class TrainingState:
    """All that changes while training."""

    step: int
    """Steps that are done."""
    adapters: dict[str, Tensor]
    optimizer: dict[str, Any]
    memory: dict[str, list]
    rows: list[dict[str, Any]]
    """Rows of tables.TRAINING so far."""


@contextmanager
def resume_folder(folder: Path) -> Iterator[Path]:
    """Hold a resume folder for this process. Raises RuntimeError where another training holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RuntimeError(f"{folder}: another training is using this resume folder") from None
    try:
        yield folder
    finally:
        lock.release()


def save_state(folder: Path, state: TrainingState, fingerprint: str) -> None:
    """Write the state; appears atomically."""
    with appearing(folder / "state.pt") as beside:
        torch.save({"fingerprint": fingerprint, **state.__dict__}, beside)


def load_state(folder: Path, fingerprint: str) -> TrainingState | None:
    """The state, or None where there is none or it was made from other settings or inputs (it is then discarded)."""
    path = folder / "state.pt"
    if not path.is_file():
        return None
    content = torch.load(path, map_location="cpu", weights_only=True)
    if content.pop("fingerprint") != fingerprint:
        path.unlink()
        return None
    return TrainingState(**content)


def discard(folder: Path) -> None:
    """Remove the folder of a finished training."""
    shutil.rmtree(folder, ignore_errors=True)
