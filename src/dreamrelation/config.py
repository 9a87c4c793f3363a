"""Reading the configuration: YAML files laid over each other, checked against the settings.

The Snakefile and the command line share this loader; it imports nothing heavy.
"""

import difflib
from collections.abc import Iterable
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dreamrelation.files import appearing
from dreamrelation.settings.experiment import ExperimentSettings, overlay
from dreamrelation.settings.training import TrainingSettings


class ConfigError(ValueError):
    """A configuration that cannot be used; the message names the place and what was expected."""


def load(paths: Iterable[str | Path]) -> ExperimentSettings:
    """Settings from YAML files, each laid over the ones before it.

    Raises ConfigError where a file is missing, is not YAML, has an unknown key or a value that does not fit.
    """
    merged: dict[str, Any] = {}
    names = []
    for path in map(Path, paths):
        names.append(str(path))
        merged = overlay(merged, _read_yaml(path))
    if not names:
        raise ConfigError("no configuration file was given, expected at least config.yaml")
    return from_mapping(merged, " + ".join(names))


def from_mapping(mapping: dict[str, Any], origin: str) -> ExperimentSettings:
    """Settings from an already merged mapping; `origin` names it in errors. Raises ConfigError."""
    try:
        settings = ExperimentSettings.model_validate(mapping)
    except ValidationError as error:
        raise ConfigError(_explain(error, ExperimentSettings, origin)) from None
    for name in settings.methods:
        try:
            settings.method(name)
        except ValidationError as error:
            raise ConfigError(_explain(error, TrainingSettings, origin, prefix=f"methods.{name}")) from None
    return settings


STAGE_SECTIONS: dict[str, tuple[str, ...]] = {
    "puppets": ("seed", "relations", "puppets"),
    "clips": ("seed", "relations", "data", "clips"),
    "masks": ("clips.height", "clips.width", "masks"),
    "captions": ("relations", "model", "generation.subjects"),
    "latents": ("clips.height", "clips.width", "model", "latents"),
    "train": ("seed", "model"),
    "generate": ("seed", "clips.height", "clips.width", "model", "generation"),
    "evaluate": ("seed", "clips.height", "clips.width", "evaluation"),
    "report": tuple(ExperimentSettings.model_fields),
}
"""What each stage depends on, as dotted places; `train` and `generate` depend on the resolved method as well."""


def stage_settings(settings: ExperimentSettings, stage: str, method: str | None = None) -> dict[str, Any]:
    """The settings that a stage uses and no others: what is written beside its outputs and what reruns its rule."""
    everything = settings.model_dump(mode="json")
    used: dict[str, Any] = {}
    for place in STAGE_SECTIONS[stage]:
        section, _, key = place.partition(".")
        if key:
            used.setdefault(section, {})[key] = everything[section][key]
        else:
            used[section] = everything[section]
    if method is not None:
        of_method = settings.method(method).model_dump(mode="json")
        if stage == "generate":
            of_method = {key: of_method[key] for key in ("placement", "inference_adapters", "rank", "alpha")}
        used["method"] = {"name": method, **of_method}
    return used


def write_resolved(settings: dict[str, Any], path: Path) -> None:
    """Write resolved settings as YAML, such as those of `stage_settings`; appears atomically."""
    with appearing(path) as beside:
        beside.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such configuration file") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: found a {type(content).__name__} at the top, expected keys and values")
    return content


def _explain(error: ValidationError, model: type[BaseModel], origin: str, prefix: str = "") -> str:
    lines = [f"{origin}: {len(error.errors())} setting(s) cannot be used"]
    for detail in error.errors():
        place = ".".join(str(part) for part in ([prefix] if prefix else []) + list(detail["loc"])) or "top level"
        lines.append(f"  {place}: {_reason(detail, model)}")
    return "\n".join(lines)


def _reason(detail: ErrorDetails, model: type[BaseModel]) -> str:
    if detail["type"] == "extra_forbidden":
        known = _known_keys(model, detail["loc"][:-1])
        near = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
        return f"unknown key; {hint}"
    if detail["type"] == "missing":
        return "is missing"
    message = detail["msg"].removeprefix("Value error, ")
    return message if detail["type"] == "value_error" else f"found {detail['input']!r}: {message}"


def _known_keys(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """Field names of the settings class at `place`."""
    current: type[BaseModel] = model
    for part in place:
        field = current.model_fields.get(str(part))
        inner = _settings_class(field.annotation) if field else None
        if inner is None:
            return []
        current = inner
    return list(current.model_fields)


def _settings_class(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType):
        return next((found for found in map(_settings_class, get_args(annotation)) if found), None)
    return None
