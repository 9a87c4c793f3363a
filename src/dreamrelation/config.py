"""Reading the configuration: YAML files laid over each other, checked against the settings.

The Snakefile and the command line share this loader; it imports nothing heavy.
"""

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dreamrelation.errors import UserError
from dreamrelation.files import appearing
from dreamrelation.masking import masked, secrets_in
from dreamrelation.settings.base import UNREADABLE
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.overlay import overlay
from dreamrelation.settings.registry import KindError


def load(paths: Iterable[str | Path], last: dict[str, Any] | None = None) -> ExperimentSettings:
    """Settings from YAML files, each laid over the ones before it, and from `last`, laid over them all.

    `last` is what Snakemake makes of `--config`, in which `null` is a text.

    Raises UserError where a file is missing, is not YAML, has an unknown key or a value that does not fit.
    """
    merged: dict[str, Any] = {}
    names = []
    for path in map(Path, paths):
        names.append(_shown(path))
        merged = overlay(merged, read_yaml(path))
    if not names:
        raise UserError("no configuration file was given, expected at least config.yaml")
    if last:
        names.append("the command line")
    return from_mapping(overlay(merged, _with_nulls(last or {})), " + ".join(names))


def _shown(path: Path) -> str:
    """Relative to the working directory where it lies in it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _with_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_nulls(inner) for key, inner in value.items()}
    return None if value == "null" else value


def from_mapping(mapping: dict[str, Any], origin: str) -> ExperimentSettings:
    """Settings from an already merged mapping; `origin` names it in errors. Raises UserError, which shows no secret."""
    secrets = list(dict.fromkeys(secrets_in(mapping)))
    if secrets:
        raise UserError(
            f"{origin}: found what looks like a secret at {', '.join(secrets)}; settings stand in results and reports."
            " Put it into an environment variable: a judge's `key_variable` names its own, HF_TOKEN is the model hub's"
        )
    try:
        return ExperimentSettings.model_validate(mapping)
    except ValidationError as error:
        reasons = list(dict.fromkeys(_reasons(error, ExperimentSettings, ())))
        lines = [f"{origin}: {len(reasons)} setting(s) cannot be used", *(f"  {reason}" for reason in reasons)]
        raise UserError(masked("\n".join(lines))) from None


def write_settings(settings: BaseModel, path: Path) -> None:
    """Write resolved settings as YAML; appears atomically."""
    with appearing(path) as beside:
        text = yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        beside.write_text(text, encoding="utf-8")


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file. Raises UserError where it is missing or not such a file, or names a key twice."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _UniqueKeys)
    except FileNotFoundError:
        raise UserError(f"{path}: no such configuration file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as UTF-8 text: {error}") from None
    except UNREADABLE as error:
        raise UserError(f"{path}: not valid YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise UserError(f"{path}: found a {type(content).__name__} at the top, expected keys and values")
    return content


class _UniqueKeys(yaml.SafeLoader):
    """YAML as it should be: a key that is written twice is a mistake, not a later value."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | bool | None):
                raise yaml.constructor.ConstructorError(None, None, "found a key that is no name", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"found the key {key!r} twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


Place = tuple[int | str, ...]


def _reasons(error: ValidationError, model: type[BaseModel], prefix: Place) -> Iterator[str]:
    """One line per setting that cannot be used, with its place."""
    for detail in error.errors():
        place = (*prefix, *detail["loc"])
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, KindError):
            yield from _reasons(cause.error, cause.model, place)
        else:
            text = _reason(detail, model)
            yield f"{'.'.join(map(str, place))}: {text}" if place else text


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


def _known_keys(model: type[BaseModel], place: Place) -> list[str]:
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
