"""Lists of what a stage wrote, with digests, by which a changed byte is noticed before anything is made of it.

A list lies beside the files, in the form of `sha256sum`, so that `sha256sum --check masks.sha256` works as well. Lists
are written after the files: those of a stage that was killed between the two hold the digests of other files, and so
what it left is taken for changed, and is made again.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.files import appearing, file_sha256, set_aside

SUFFIX = ".sha256"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def listing_of(output: Path) -> Path:
    """Where the list lies that has this output and those that are made with it."""
    return output.with_name(f"{output.stem}{SUFFIX}")


def write_listing(listing: Path, outputs: Iterable[Path]) -> None:
    """List files, and all files in folders, with their SHA-256 and their paths from the list's folder."""
    files = [file for output in outputs for file in _files(output)]
    lines = [f"{file_sha256(file)}  {os.path.relpath(file, listing.parent)}\n" for file in files]
    with appearing(listing) as beside:
        beside.write_text("".join(lines), encoding="utf-8")


def check_listed(path: Path) -> None:
    """Check a file, or all files of a folder, where lists in the folder that holds it name them.

    Raises UserError for the first that is missing or has other bytes; the path is set aside then, so that the workflow
    makes it again. What no list names is taken as it is, and a path that is not there is left to its reader.
    """
    if not path.exists():
        return
    for listing in sorted(path.parent.glob(f"*{SUFFIX}")):
        _check(listing, lambda file: file == path or path in file.parents)


def check_all_listed(folder: Path, is_read: Callable[[Path], bool]) -> None:
    """Check what any list in a folder, or in folders of it, names and `is_read` says is needed, by the path from there.

    Raises UserError as `check_listed` does.
    """
    for listing in sorted(folder.rglob(f"*{SUFFIX}")):
        _check(listing, lambda file: is_read(file.relative_to(folder)))


def find_changed(listing: Path) -> str | None:
    """What is wrong with the first file that is not as it is listed; None where all are, or there is no list."""
    return next((problem for _, problem in _changed(listing, lambda _: True)), None) if listing.is_file() else None


def _check(listing: Path, is_read: Callable[[Path], bool]) -> None:
    """Check the files of a list that are read, and are there or lie in a folder that is there."""
    for file, problem in _changed(listing, is_read):
        output = listing.parent / file.relative_to(listing.parent).parts[0]
        if output.exists():
            raise UserError(
                f"{problem}: it is not what its stage wrote, as {listing} has it. {_moved(output)} (Where it was"
                f" changed on purpose, give it its name back and remove {listing.name}.)"
            )


def _changed(listing: Path, is_read: Callable[[Path], bool]) -> Iterator[tuple[Path, str]]:
    """Each file that is not as it is listed, and what is wrong with it; files above the list are left out."""
    for name, digest in _read(listing):
        file = listing.parent / name
        if ".." in Path(name).parts or not is_read(file):
            continue
        if not file.is_file():
            yield file, f"{file}: no such file"
        elif (found := file_sha256(file)) != digest:
            yield file, f"{file}: found the SHA-256 {found[:12]}…, expected {digest[:12]}…"


def _moved(path: Path) -> str:
    try:
        aside = set_aside(path)
    except OSError as error:
        return f"{path} could not be set aside ({error.strerror}); remove it and run its stage again."
    return f"{path} is set aside as {aside.name}; run the workflow again, which makes it anew."


def _files(output: Path) -> Iterator[Path]:
    if output.is_dir():
        yield from sorted(path for path in output.rglob("*") if path.is_file())
    else:
        yield output


def _read(listing: Path) -> Iterator[tuple[str, str]]:
    """Names and digests. Raises UserError for a line that is none of ours."""
    for number, line in enumerate(listing.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise UserError(
                f"{listing}: line {number} is no digest and file name; remove the list, and its files are taken as they"
                " are, or run their stage again"
            )
        yield match[2], match[1]
