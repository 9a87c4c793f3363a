"""Answers that were given, kept in a file: a question that was paid for is not asked again.

A file of lines that only grows, so a killed job loses no answer but the one that was under way.
"""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from dreamrelation.checked_json import append_line, read_lines
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
        lines = [] if path is None else read_lines(path)
        self.known = {line["key"]: Answer(line["text"], line.get("shares", {})) for line in lines}

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
            append_line(self.path, line)
