"""What was made before: one folder for each request, with its videos and all that made them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from dreamrelation.files import appearing, file_sha256
from dreamrelation.play.making import Made
from dreamrelation.play.order import Order

FACTS = "request.json"
ID = re.compile(r"\d{8}-\d{6}-\d{6}")
FILE = re.compile(r"[a-z0-9_]+\.(mp4|jpg)")


@dataclass(frozen=True)
class Entry:
    """A request whose videos are there."""

    id: str
    relation: str
    order: Order
    made: Made
    started: datetime
    finished: datetime


@dataclass(frozen=True)
class Broken:
    """A request whose folder is not what was written."""

    id: str
    reason: str


_ENTRY = TypeAdapter(Entry)


def new_id(now: datetime) -> str:
    """A name for a request, its time to the microsecond: names in order are requests in their order."""
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S-%f}"


class History:
    """The folder with the folders of all requests of a relation. Nothing in it is ever changed or removed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def adding(self, id: str) -> Iterator[Path]:
        """A folder to write a request's files to, with `write`; it is there when the block ends well."""
        with appearing(self.folder / id) as beside:
            beside.mkdir()
            yield beside

    @staticmethod
    def write(entry: Entry, folder: Path) -> None:
        """Write what made an entry into the folder of `adding`."""
        (folder / FACTS).write_bytes(_ENTRY.dump_json(entry, indent=1) + b"\n")

    def ids(self) -> list[str]:
        """Of all requests, the newest first."""
        if not self.folder.is_dir():
            return []
        return sorted((path.name for path in self.folder.iterdir() if ID.fullmatch(path.name)), reverse=True)

    def find(self, id: str) -> Entry | Broken | None:
        """One request; None where there is none of this name."""
        if not ID.fullmatch(id) or not (self.folder / id).is_dir():
            return None
        try:
            entry = _ENTRY.validate_json((self.folder / id / FACTS).read_bytes())
        except OSError as error:
            return Broken(id, f"{FACTS} cannot be read: {error.strerror}")
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            return Broken(id, f"{FACTS} is not what was written: {place + ': ' if place else ''}{first['msg']}")
        problem = self._problem_of(entry, id)
        return entry if problem is None else Broken(id, problem)

    def file(self, id: str, name: str) -> Path | None:
        """A video or still of a request; None where there is none of this name."""
        if not ID.fullmatch(id) or not FILE.fullmatch(name):
            return None
        path = self.folder / id / name
        return path if path.is_file() and not path.is_symlink() else None

    def _problem_of(self, entry: Entry, id: str) -> str | None:
        if entry.id != id:
            return f"{FACTS} is that of the request {entry.id}"
        for video in entry.made.videos:
            for name in (video.file, video.still):
                path = self.file(id, name)
                if path is None:
                    return f"there is no {name}"
            state = (self.folder / id / video.file).stat()
            found = _sha256(self.folder / id / video.file, state.st_size, state.st_mtime_ns)
            if found != video.sha256:
                return f"{video.file} has the SHA-256 {found[:12]}…, expected {video.sha256[:12]}…"
        return None


@lru_cache(4096)
def _sha256(path: Path, size: int, changed_ns: int) -> str:
    """Digest of a file that is read again only where its size or the time of its last change is another one."""
    return file_sha256(path)
