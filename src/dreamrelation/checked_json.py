"""JSON that carries a checksum of itself: what is kept between runs is never read as something else.

What was changed or cut off is as good as not there, for all that is kept so can be found out again.
"""

import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dreamrelation.files import writing

Content = dict[str, Any]
"""A JSON object, whose keys are its reader's matter."""
CRC = "crc32"
"""The key under which an object holds the checksum of the others."""


def with_crc(content: Content) -> Content:
    """A JSON object and its checksum."""
    return {**content, CRC: _crc(content)}


def without_crc(found: Any) -> Content:
    """What `with_crc` was given. Raises ValueError where it was changed, or is something else."""
    if not isinstance(found, dict):
        raise ValueError(f"found a {type(found).__name__}, expected an object")
    content = {key: value for key, value in found.items() if key != CRC}
    if found.get(CRC) != _crc(content):
        raise ValueError("its content is not that of its checksum")
    return content


def read_lines(path: Path) -> Iterator[Content]:
    """The lines of a file that `append_line` wrote, none where there is no file.

    Lines that were changed or cut off are told of, and left out.
    """
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                content = without_crc(json.loads(line))
            except ValueError as error:
                print(f"{path}: line {number} is left out and found out again: {error}", file=sys.stderr)
                continue
            yield content


def append_line(path: Path, content: Content) -> None:
    """Add a line; one that a killed job was writing is ended first. Raises UserError where it cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path), path.open("ab+") as file:
        if file.tell() and not _ends_a_line(path):
            file.write(b"\n")
        file.write(line_of(content).encode())


def line_of(content: Content) -> str:
    """One line, with its end; as people read it, but where it has what UTF-8 cannot, as a broken file name."""
    whole = with_crc(content)
    try:
        return json.dumps(whole, ensure_ascii=False).encode().decode() + "\n"
    except UnicodeEncodeError:
        return json.dumps(whole) + "\n"


def _crc(content: Content) -> str:
    return f"{zlib.crc32(json.dumps(content, sort_keys=True).encode()):08x}"


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"
