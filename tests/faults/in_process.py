"""Stages run in forked children of one process that has all modules loaded: a run takes what its work takes.

The children may be put into a world of their own: other mounts, fewer rights, another clock.
"""

import importlib
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dreamrelation.cli import main
from dreamrelation.digests import DIGESTS

LONGEST_S = 600


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    status: int
    told: str
    """What it wrote to stdout and stderr."""

    @property
    def has_traceback(self) -> bool:
        return "Traceback (most recent call last)" in self.told

    @property
    def message(self) -> str:
        """The last line that it said."""
        lines = self.told.strip().splitlines()
        return lines[-1] if lines else ""


def nothing() -> None:
    """Before and after a stage as it is."""


def run_stage(
    folder: Path, words: tuple[str, ...], world: Callable[[], None] = nothing, after: Callable[[], None] = nothing
) -> Outcome:
    """Run `dreamrelation` with these words in a folder, in a child; `world` is called before, `after` after it."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as told:
        child = _forked(lambda: _stage(folder, words, world, after, told.fileno()))
        status = _status(child)
        told.seek(0)
        return Outcome(status, told.read())


def in_child(work: Callable[[], str]) -> str:
    """What `work` gives, done in a child whose mounts and rights are its own to change. Raises where it raises."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as answer:

        def write() -> int:
            try:
                answer.write(work())
                status = 0
            except BaseException:
                answer.write(traceback.format_exc())
                status = 1
            answer.flush()
            return status

        status = _status(_forked(write))
        answer.seek(0)
        text = answer.read()
    if status != 0:
        raise RuntimeError(text)
    return text


def load_modules_of(folder: Path, words: tuple[str, ...]) -> Outcome:
    """Run a command, and load here what it loaded there, so that the next child has it from the start."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as names:
        loaded = Path(names.name)
        outcome = run_stage(folder, words, after=lambda: _write_names_of_modules(loaded))
        for name in names.read().splitlines():
            if name.split(".")[0] not in ("__main__", "tests", "pytest", "_pytest") and name not in sys.modules:
                try:
                    importlib.import_module(name)
                except Exception:  # a name that a library made up for itself
                    continue
    return outcome


def _forked(work: Callable[[], int]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        status = work()
    finally:
        os._exit(status)


def _write_names_of_modules(path: Path) -> None:
    path.write_text("\n".join(sys.modules), encoding="utf-8")


def _stage(
    folder: Path, words: tuple[str, ...], world: Callable[[], None], after: Callable[[], None], told: int
) -> int:
    os.dup2(told, 1)
    os.dup2(told, 2)
    os.chdir(folder)
    (experiment,) = (path.name for path in Path("results").iterdir())
    os.environ[DIGESTS] = f"results/{experiment}/digests.json"
    try:
        world()
        status = main(list(words))
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
        status = 1
    after()
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def _status(child: int) -> int:
    """A child's exit status, 128 and more for a signal; it is killed where it takes too long."""
    deadline = time.monotonic() + LONGEST_S
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status) & 255
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.005)
