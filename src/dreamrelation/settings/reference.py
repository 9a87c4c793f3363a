"""All settings as Markdown: `python -m dreamrelation.settings.reference > docs/settings.md`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.kinds import BACKBONES, DETECTORS, FEATURES, JUDGES, METHODS, METRICS, SEGMENTERS

Schema = dict[str, Any]

INTRODUCTION = """\
# Settings

Made by `python -m dreamrelation.settings.reference > docs/settings.md`; a test keeps it in step with the code.

These are the code's own defaults. `config.yaml` lays the puppets' values over them, and the files of `configs/` theirs
over that, such as `configs/ntu_mochi.yaml` for NTU RGB+D and Mochi 1. What stands under `training` goes over the
defaults of every kind of method: `config.yaml` and `configs/ntu_*.yaml` set learning rate, warm-up, steps and batch
there, so a method that wants its own says so, as in `configs/all_methods.yaml`. Mappings are merged key by key, but for
a `placement`, which is one value, and for a part of another `kind` and a `segmenter` whose kind is named, which are
replaced; `null` takes a method or a metric away. An unknown key, a key that is written twice or a value that does not
fit is an error that names its place.
A *share* is a number from 0 to 1. YAML wants `1.0e-4` for `1e-4`. Where the texts below say `None`, YAML says `null`.

A method, a metric, the model, a segmenter and a detector are chosen by their `kind`: one of those below, or the import
path `module:Class` of one of your own ([development.md](development.md)).
"""
WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "null": "null"}
LIMITS = {
    "minimum": "≥",
    "exclusiveMinimum": ">",
    "maximum": "≤",
    "exclusiveMaximum": "<",
    "multipleOf": "a multiple of",
}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}


@dataclass(frozen=True)
class Section:
    """One settings class at one place of the configuration."""

    place: str
    """Dotted keys; empty at the top."""
    description: str
    fields: dict[str, Schema]
    """JSON schemas of the values in it."""
    required: tuple[str, ...]


def sections(model: Schema | None = None, place: str = "", note: str = "") -> Iterator[Section]:
    """The settings at a place, then those of the sections in it, in the order of the code."""
    root = ExperimentSettings.model_json_schema() if model is None else model
    definitions = root.get("$defs", {})
    inner = {name: own for name, field in root["properties"].items() if (own := _references(field))}
    values = {name: field for name, field in root["properties"].items() if name not in inner}
    yield Section(place, f"{root.get('description', '')} {note}".strip(), values, tuple(root.get("required", ())))
    for name, references in inner.items():
        field, at = root["properties"][name], f"{place}.{name}".strip(".")
        for reference in references:
            own = definitions[reference] | {"$defs": definitions}
            yield from sections(own, f"{at}{_which(field, own)}", field.get("description", ""))


PLACES = {
    "masks.segmenter": SEGMENTERS,
    "masks.segmenter.detector": DETECTORS,
    "model": BACKBONES,
    "methods.NAME": METHODS,
    "metrics.NAME": METRICS,
    "metrics.NAME.judge": JUDGES,
    "metrics.NAME.features": FEATURES,
}
"""Where a kind is chosen."""


def kinds() -> Iterator[Section]:
    """The settings of each kind that comes with the package, and of the sections in them."""
    for place, registry in PLACES.items():
        for kind in registry.known:
            schema = registry.settings_of(kind).model_json_schema()
            yield from sections(schema, f"{place} (kind: {kind})")


def _references(field: Schema) -> list[str]:
    """Names of the settings classes that a field may be of, or its values by name; none where the field is a value."""
    named = [*field.get("patternProperties", {}).values(), field.get("additionalProperties")]
    options = [field, *field.get("anyOf", ()), *(option for option in named if isinstance(option, dict))]
    found = [option["$ref"].rpartition("/")[2] for option in options if "$ref" in option]
    return [name for name in found if name != "Schedule"]


def _which(field: Schema, own: Schema) -> str:
    """What comes behind a place where there are several: a name, or the source that the settings are of."""
    if field.get("type") == "object":
        return ".NAME"
    source = own["properties"].get("source")
    return f" (source: {source['const']})" if source else ""


def type_text(field: Schema) -> str:
    """What a value may be, in words."""
    if "$ref" in field:
        return "schedule"
    if "anyOf" in field:
        return " or ".join(map(type_text, field["anyOf"]))
    if "const" in field or "enum" in field:
        return " or ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        if "prefixItems" in field:
            return f"pair of {type_text(field['prefixItems'][0])}s"
        return f"list ({type_text(field['items'])})"
    if field.get("type") == "object":
        inner = field.get("additionalProperties", field.get("patternProperties", {}))
        known = isinstance(inner, dict) and ("type" in inner or "anyOf" in inner)
        return f"name → {type_text(inner)}" if known else "settings by kind"
    if SHARE.items() <= field.items():
        return "share"
    if "pattern" in field:
        return f"text of the form `{field['pattern'].strip('^$')}`"
    limits = [f"{word} {_number(field[key])}" for key, word in LIMITS.items() if key in field]
    return " ".join([WORDS[field["type"]], ", ".join(limits)]).strip()


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


def default_text(section: Section, name: str) -> str:
    """The default as YAML takes it; a dash where the setting must be given."""
    if name in section.required:
        return "–"
    return f"`{json.dumps(section.fields[name].get('default', {}), ensure_ascii=False)}`"


def text() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for section in (*sections(), *kinds()):
        heading = f"`{section.place}`" if section.place else "Top level"
        rows = ["| setting | type | default | meaning |", "|---|---|---|---|"]
        for name, field in section.fields.items():
            if name in ("kind", "source"):
                continue  # the heading says it
            meaning = field.get("description", "").replace("\n", " ").replace("|", "\\|")
            rows.append(f"| `{name}` | {type_text(field)} | {default_text(section, name)} | {meaning} |")
        description = section.description.replace("\n", " ")
        parts.append("\n".join([f"## {heading}", "", description, "", *rows, ""]))
    return "\n".join(parts)


if __name__ == "__main__":
    print(text(), end="")
