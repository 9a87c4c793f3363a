"""Answers that were given, kept in a file: a question that was paid for is not asked again.

A file of lines that only grows, so a killed job loses no answer but the one that was under way.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from dreamrelation.metrics.judges.interface import Answer


@dataclass(frozen=True)
class Asked:
    """One asking."""

    key: str
    """Digest of the pictures, the question, the judge and the seed."""
    video: str
    """For people who read the file."""


class KeptAnswers:
    """Safe for several threads of one process. Without a path, answers are kept in memory only."""

    def __init__(self, path: Path | None = None) -> None:
        self.path, self.lock = path, Lock()
        self.known: dict[str, Answer] = {}
        if path is not None and path.is_file():
            self.known = _read(path)
            _end_cut_line(path)

    def get(self, asked: Asked) -> Answer | None:
        return self.known.get(asked.key)

    def keep(self, asked: Asked, answer: Answer) -> None:
        with self.lock:
            self.known[asked.key] = answer
            if self.path is None:
                return
            line: dict[str, Any] = {"key": asked.key, "video": asked.video, "text": answer.text}
            if answer.shares:
                line["shares"] = dict(answer.shares)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _read(path: Path) -> dict[str, Answer]:
    """Lines that cannot be read are told of and asked anew."""
    known: dict[str, Answer] = {}
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            try:
                found = json.loads(line)
                known[found["key"]] = Answer(
                    str(found["text"]), {c: float(p) for c, p in found.get("shares", {}).items()}
                )
            except (ValueError, KeyError, TypeError, AttributeError):
                print(f"{path}: line {number} is not a whole answer; its question is asked again", file=sys.stderr)
    return known


def _end_cut_line(path: Path) -> None:
    """So that what a killed job was writing does not swallow the next line."""
    if not path.stat().st_size:
        return
    with path.open("rb+") as file:
        file.seek(-1, 2)
        if file.read(1) != b"\n":
            file.write(b"\n")
