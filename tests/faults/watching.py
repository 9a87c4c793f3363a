"""Looking out for writes: files and folders that are not whole yet are called `.part-*` (`dreamrelation.files`)."""

import os
from collections.abc import Iterable
from pathlib import Path

PART = ".part-"


class Watch:
    """New unfinished outputs below some folders, looked for so cheaply that it can be done every few milliseconds.

    Only folders whose time of change is another one are read again. What is there and gone between two looks is missed.
    """

    def __init__(self, tops: Iterable[Path]) -> None:
        self.changed: dict[str, int] = {}
        """Folder → the time of its last change, when it was read."""
        self.seen: set[str] = set()
        for top in tops:
            top.mkdir(parents=True, exist_ok=True)
            self.changed[str(top)] = -1
        self.look()

    def look(self) -> list[str]:
        """Names of unfinished outputs that were not there at any earlier look."""
        new: list[str] = []
        waiting = list(self.changed)
        while waiting:
            folder = waiting.pop()
            try:
                state = os.stat(folder).st_mtime_ns  # noqa: PTH116 (a Path for each would take longer than the looks)
                if state == self.changed[folder]:
                    continue
                self.changed[folder] = state
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if entry.name.startswith(PART) and entry.path not in self.seen:
                            self.seen.add(entry.path)
                            new.append(entry.path)
                        if entry.is_dir(follow_symlinks=False) and entry.path not in self.changed:
                            self.changed[entry.path] = -1
                            waiting.append(entry.path)
            except OSError:  # removed between two looks
                self.changed.pop(folder, None)
        return new


def output_of(part: str) -> str:
    """The name of the output that is being written: what follows `.part-{host}-{pid}-`."""
    return Path(part).name.split("-", 3)[-1]
