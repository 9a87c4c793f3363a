"""Outputs that appear at once or not at all, and the digests by which files are known again."""

import errno
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
FULL = 2**16
"""Bytes: a disk with less room than this is taken to be full where writing failed."""
OF_THE_DISK = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS),
    *(errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE),
    *(errno.EMFILE, errno.ENFILE, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP),
}


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write a file or a folder to; it takes the place of `path` when the block ends well.

    The suffix is kept, so that writers which look at it still know the format. Where `path` is a symbolic link, what it
    points to is replaced. After an error nothing is left, and what a killed process of this machine left is removed.
    Raises UserError where the disk is full or `path` cannot be written.
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    beside = path.with_name(f".part-{_host()}-{os.getpid()}-{path.name}")
    try:
        with writing(path, beside):
            yield beside
        aside = beside.with_name(f".part-{_host()}-{os.getpid()}-old-{path.name}")
        if path.is_dir() and beside.is_dir():
            os.replace(path, aside)  # a folder cannot be replaced by another one, and removing it takes its time
        os.replace(beside, path)
        remove(aside)
    finally:
        remove(beside)


@contextmanager
def writing(path: Path, beside: Path | None = None) -> Iterator[None]:
    """Raise UserError where the block ends with an error because `path` cannot be written; it writes to `beside`.

    Libraries tell of a full disk in many ways, and most do not say which file it was.
    """
    try:
        yield
    except UserError:
        raise
    except OSError as error:
        own = error.filename is None or Path(os.fsdecode(error.filename)).is_relative_to(beside or path)
        if own and is_of_the_disk(error):
            raise UserError(f"{path}: cannot be written: {os.strerror(error.errno or 0)}") from error
        raise
    except Exception as error:
        full = os.strerror(errno.ENOSPC)
        if full in str(error) or _bytes_free(path.parent) < FULL:
            raise UserError(f"{path}: cannot be written: {full}") from error
        raise


def is_of_the_disk(error: OSError) -> bool:
    """Whether an error is none of the program's: a full or read-only disk, what one may not read, a broken device."""
    return error.errno in OF_THE_DISK


def _bytes_free(folder: Path) -> int:
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize


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


def set_aside(path: Path) -> Path:
    """Give a file or a folder that cannot be used another name, for hours of work may be in it; gives the new path."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.set-aside-{number}{path.suffix}")).exists():
        number += 1
    path.rename(aside)
    return aside


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
            remove(left)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it, if it is there."""
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
