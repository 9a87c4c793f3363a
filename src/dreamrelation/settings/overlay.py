"""Laying settings over each other."""

from typing import Any

from dreamrelation.errors import UserError

WHOLE = ("placement",)
"""Mappings that are one value."""
WHOLE_BY_KIND = ("segmenter",)
"""Parts that are one value where their kind is named: a checkpoint and what fits it belong together."""
PRESETS = ("methods", "metrics", "own_relations")
"""Mappings of named presets, from which `null` takes one away."""


def overlay(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`base` with the values of `over`.

    Mappings are merged key by key, but for a placement, which is one value, for a segmenter whose kind is named, and
    for a part of another `kind` or data of another `source`, whose settings are others. A method, metric or relation
    that is set to None is taken away.
    """
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if not (isinstance(value, dict) and isinstance(below, dict)) or _replaces(key, value, below):
            merged[key] = value
        else:
            merged[key] = overlay(below, value)
        if key in PRESETS and isinstance(merged[key], dict):
            _check_taken_away(key, value, below)
            merged[key] = {name: preset for name, preset in merged[key].items() if preset is not None}
    return merged


def _check_taken_away(key: str, value: Any, below: Any) -> None:
    """Raise UserError for a preset that is taken away and was never there: a name that is written wrongly."""
    there = below if isinstance(below, dict) else {}
    absent = [name for name, preset in value.items() if preset is None and name not in there]
    if absent:
        raise UserError(f"{key}.{absent[0]} is null, but there is no such name to take away: {', '.join(there)}")


def _replaces(key: str, value: dict[str, Any], below: dict[str, Any]) -> bool:
    if key in WHOLE or (key in WHOLE_BY_KIND and "kind" in value):
        return True
    return any(name in value and name in below and value[name] != below[name] for name in ("kind", "source"))
