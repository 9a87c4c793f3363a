"""Digests of large files that do not change, such as a model's weights, kept from job to job.

A 14B model is 28 GB, and every job asks which weights it works with. The workflow names a file in DIGESTS; without it
nothing is kept.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from dreamrelation.checked_json import with_crc, without_crc
from dreamrelation.files import appearing, file_sha256

DIGESTS = "DREAMRELATION_DIGESTS"
"""Environment variable with the path of a JSON file: path → size, time of the last change in ns, SHA-256, checksum."""


def known_sha256(path: Path) -> str:
    """SHA-256 of a file's content; read again only where its size or the time of its last change is another one."""
    kept = os.environ.get(DIGESTS)
    if not kept:
        return file_sha256(path)
    name, state = str(path.resolve()), path.stat()
    entry = _read(Path(kept)).get(name)
    if entry is not None and (entry["size"], entry["changed"]) == (state.st_size, state.st_mtime_ns):
        return entry["sha256"]
    digest = file_sha256(path)
    # Of two jobs that write at once one may lose its entry, and then reads its file once more.
    entry = {"size": state.st_size, "changed": state.st_mtime_ns, "sha256": digest}
    known = {file: with_crc(content) for file, content in (_read(Path(kept)) | {name: entry}).items()}
    with appearing(Path(kept)) as beside:
        beside.write_text(json.dumps(known, indent=1, sort_keys=True), encoding="utf-8")
    return digest


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """What is kept; nothing where the file is missing, and no entry that was changed, since they can be made again."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return dict(_whole(known)) if isinstance(known, dict) else {}


def _whole(known: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, entry in known.items():
        with suppress(ValueError):
            yield name, without_crc(entry)
