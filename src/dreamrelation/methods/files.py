"""The list of what a method saved, so that a file that was cut or exchanged is noticed where it is read."""

import json
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.files import appearing, file_sha256

FACTS = "dreamrelation"
"""Where facts about tensors stand in a file's metadata."""


def write_manifest(manifest: Path, folder: Path) -> None:
    """Write file name → SHA-256 of all files in a folder, without those in folders of it."""
    digests = {path.name: file_sha256(path) for path in sorted(folder.iterdir()) if path.is_file()}
    with appearing(manifest) as beside:
        beside.write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")


def check_manifest(manifest: Path, folder: Path) -> dict[str, str]:
    """File name → SHA-256, as listed.

    Raises UserError where the list cannot be read, a file is missing, or holds other bytes than the training wrote.
    """
    again = f"remove {manifest} and run the training again"
    try:
        digests = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{manifest}: cannot be read: {error}; {again}") from None
    if not isinstance(digests, dict) or not digests:
        raise UserError(f"{manifest}: found no files and digests; {again}")
    for name, digest in digests.items():
        path = folder / name
        if not path.is_file():
            raise UserError(f"{path}: no such file, expected it from the training; {again}")
        found = file_sha256(path)
        if found != digest:
            raise UserError(f"{path}: found the SHA-256 {found[:12]}…, expected {str(digest)[:12]}…; {again}")
    return digests
