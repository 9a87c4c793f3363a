"""Files in a folder and the folders below it."""

import os
import warnings
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from dreamrelation.data.file_names import as_text, is_text
from dreamrelation.errors import UserError


def files_below(folder: Path, suffix: str, setting: str) -> list[Path]:
    """Files with this suffix in any case, in `folder` and all folders below, linked ones too.

    Sorted, but those whose paths are no text come last: they cannot be used, and must not stand for a clip that can.
    Raises UserError, naming the setting, where there is no such folder.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} ({setting}): no such folder")
    found = [path for path in _files_below(folder) if path.name.lower().endswith(suffix)]
    return sorted(found, key=lambda path: (not is_text(str(path)), path))


def _files_below(top: Path) -> Iterator[Path]:
    """All files in a folder and the folders below.

    Links to folders are followed, but each real folder is looked into once: a link may lead back to where it lies in.
    What links lead to comes last, so that a folder has its own path wherever it has one.
    """
    seen: set[tuple[int, int]] = set()
    waiting = deque([top])
    while waiting:
        for place, folders, names in os.walk(waiting.popleft(), onerror=_tell):
            status = Path(place).stat()
            if (status.st_dev, status.st_ino) in seen:
                folders.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
            folders.sort()
            waiting += [path for path in (Path(place, name) for name in folders) if path.is_symlink()]
            yield from (Path(place, name) for name in names)


def _tell(error: OSError) -> None:
    """Other folders' clips can still be used."""
    warnings.warn(f"{as_text(str(error.filename))}: left out, cannot be read: {error.strerror}", stacklevel=2)
