"""Files of models that lie on this machine."""

from functools import cache
from pathlib import Path
from pickle import UnpicklingError

UNUSABLE = (OSError, ValueError, UnpicklingError)
"""What transformers raises for a model that is not there or broken, wants code of its own to be run, or would have a
pickle call something."""


def is_local(name: str) -> bool:
    """Whether a name stands for a folder and not for the id of a hub, which is `owner/name`."""
    path = Path(name)
    return path.is_absolute() or path.exists() or name.startswith(".") or name.count("/") != 1


@cache
def folder_files(name: str) -> list[str]:
    """All files of a local folder; none for a hub id. A folder that is not there stands for itself, to be missed."""
    if not is_local(name):
        return []
    return sorted(str(path) for path in Path(name).rglob("*") if path.is_file()) or [name]


def model_files(name: str, parts: list[str]) -> list[str]:
    """The files of some parts (folders or files) of a local model folder; none for a hub id."""
    if not is_local(name):
        return []
    found = [str(Path(name) / "model_index.json")]
    for part in parts:
        path = Path(name) / part
        found += [str(path)] if path.is_file() else folder_files(str(path))
    return sorted(set(found))
