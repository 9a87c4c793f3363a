"""Digests of large files that do not change, such as a model's weights, kept from job to job.

A 14B model is 28 GB, and every job asks which weights it works with. The workflow names a file in DIGESTS; without it
nothing is kept.
"""

import json
import os
from pathlib import Path

from dreamrelation.files import appearing, file_sha256

DIGESTS = "DREAMRELATION_DIGESTS"
"""Environment variable with the path of a JSON file: path → size, time of the last change in ns, SHA-256."""


def known_sha256(path: Path) -> str:
    """SHA-256 of a file's content; read again only where its size or the time of its last change is another one."""
    kept = os.environ.get(DIGESTS)
    if not kept:
        return file_sha256(path)
    name, state = str(path.resolve()), path.stat()
    entry = _read(Path(kept)).get(name)
    if entry is not None and entry[:2] == [state.st_size, state.st_mtime_ns]:
        return entry[2]
    digest = file_sha256(path)
    # Of two jobs that write at once one may lose its entry, and then reads its file once more.
    known = {**_read(Path(kept)), name: [state.st_size, state.st_mtime_ns, digest]}
    with appearing(Path(kept)) as beside:
        beside.write_text(json.dumps(known, indent=1, sort_keys=True), encoding="utf-8")
    return digest


def _read(path: Path) -> dict[str, list]:
    """What is kept; nothing where the file is missing or not ours, since it can be made again."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(known, dict):
        return {}
    return {name: entry for name, entry in known.items() if _is_entry(entry)}


def _is_entry(entry: object) -> bool:
    return (
        isinstance(entry, list)
        and len(entry) == 3
        and all(isinstance(number, int) for number in entry[:2])
        and isinstance(entry[2], str)
    )
