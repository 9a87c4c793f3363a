"""What was found out about files, kept between runs: a run looks only at what is new or was changed.

A file of lines that only grows while a run goes on, so a killed run loses nothing but the line it was writing.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from dreamrelation.checked_json import append_line, line_of, read_lines
from dreamrelation.files import appearing

Item = TypeVar("Item")


class Memo:
    """Answers by question and by the state of the files that they are about; a context manager.

    Another `version` is another way to ask: answers to it are not used, and are dropped at the end.
    """

    def __init__(self, path: Path, version: str) -> None:
        self.path, self.version = path, version
        self.known = {line["key"]: line["answer"] for line in read_lines(path)}
        self.used: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self.used != self.known:
            with appearing(self.path) as beside:
                lines = [line_of(_content(key, answer)) for key, answer in self.used.items()]
                beside.write_text("".join(lines), encoding="utf-8")

    def answered(
        self,
        items: Iterable[Item],
        files: Callable[[Item], Iterable[Path]],
        question: Callable[[Item], str],
        ask: Callable[[list[Item]], Iterator[str]],
    ) -> Iterator[tuple[Item, str]]:
        """Each item with its answer, those that are known first; `ask` answers the others, in their order."""
        new: list[tuple[Item, str]] = []
        for item in items:
            key = json.dumps([self.version, question(item), *map(_state, files(item))])
            if key not in self.known:
                new.append((item, key))
                continue
            self.used[key] = self.known[key]
            yield item, self.known[key]
        for (item, key), answer in zip(new, ask([item for item, _ in new]), strict=True):
            self.used[key] = answer
            append_line(self.path, _content(key, answer))
            yield item, answer


def _state(path: Path) -> list[str | int]:
    """What changes with a file's content; a file that cannot be looked at is a state, too."""
    try:
        status = path.stat()
    except OSError as error:
        return [str(path), str(error.strerror)]
    return [str(path), status.st_size, status.st_mtime_ns]


def _content(key: str, answer: str) -> dict[str, str]:
    return {"key": key, "answer": answer}
