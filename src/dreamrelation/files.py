"""Outputs that appear at once or not at all, and the digests by which files are known again."""

import glob
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from dreamrelation.errors import UserError

LOCK = "lock"
"""In a folder that is held."""


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write a file or a folder to; it takes the place of `path` when the block ends well.

    The suffix is kept, so that writers which look at it still know the format. Where `path` is a symbolic link, what it
    points to is replaced. After an error nothing is left, and what a killed process of this machine left is removed.
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    beside = path.with_name(f".part-{_host()}-{os.getpid()}-{path.name}")
    try:
        yield beside
        aside = beside.with_name(f".part-{_host()}-{os.getpid()}-old-{path.name}")
        if path.is_dir() and beside.is_dir():
            os.replace(path, aside)  # a folder cannot be replaced by another one, and removing it takes its time
        os.replace(beside, path)
        _remove(aside)
    finally:
        _remove(beside)


@contextmanager
def held(folder: Path, by: str) -> Iterator[Path]:
    """Hold a folder, made where it is missing, from which a stopped job goes on; `by` is the kind of job.

    Raises UserError where another process of this or another machine holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(f"{folder}: another {by} is using this resume folder; wait for it or stop it") from None
    try:
        yield folder
    finally:
        lock.release()


def check_own_folder(folder: Path, patterns: tuple[str, ...]) -> None:
    """Raise UserError where a folder that is to be replaced holds anything that does not bear one of these names."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    foreign = [name for name in names if not any(fnmatch(name, own) for own in (*patterns, ".snakemake_timestamp"))]
    if foreign:
        raise UserError(f"{folder}: is replaced as a whole, and found {foreign[0]!r} in it, which is not ours")


def fits_workflow(path: str) -> bool:
    """Whether Snakemake can take a file as an input: it would fill in what stands in curly brackets, and has no escape
    for it; what cannot be seen it cannot tell of."""
    return path.isprintable() and not {"{", "}"} & set(path)


def _host() -> str:
    return socket.gethostname().split(".")[0].replace("-", "_")


def _remove_leftovers(path: Path) -> None:
    """Remove the unfinished outputs of processes that are no more; other machines' processes may still be at work."""
    for left in path.parent.glob(f".part-{_host()}-*-{glob.escape(path.name)}"):
        pid = left.name.split("-", 3)[2]
        if pid.isdecimal() and int(pid) != os.getpid() and not _is_running(int(pid)):
            _remove(left)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(**facts: Any) -> str:
    """A digest of JSON-able facts, the same whatever their order."""
    text = json.dumps(facts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
