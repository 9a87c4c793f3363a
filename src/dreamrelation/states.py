"""Files from which a stopped training goes on: written at once, read without running anything, and checked."""

import zipfile
from pathlib import Path
from typing import Any

import torch

from dreamrelation.files import appearing


def write_state(path: Path, content: dict[str, Any]) -> None:
    """Write tensors and plain values; appears atomically."""
    with appearing(path) as beside:
        torch.save(content, beside)


def read_state(path: Path) -> dict[str, Any]:
    """What `write_state` wrote, on the CPU.

    Raises whatever the archive or the unpickler does for a file that is cut, empty or foreign, and ValueError where its
    bytes were changed: torch writes checksums into its archives, and reads them without looking at these.
    """
    with zipfile.ZipFile(path) as archive:
        changed = archive.testzip()
    if changed is not None:
        raise ValueError(f"{changed} in it has other bytes than were written")
    content = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(content, dict):
        raise ValueError(f"found a {type(content).__name__}, expected a dictionary")
    return content
