"""From the `kind` in a configuration to the settings and to the class that it stands for.

Every seam (method, backbone, metric, segmenter, detector) has one table of the kinds that come with the package; a
kind with a colon is the import path of a class from outside it, whose attribute `Settings` describes its settings.
Nothing is imported before it is asked for: the workflow reads settings only, and what is not selected never runs.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from dreamrelation.errors import UserError
from dreamrelation.settings.base import Component, Settings


class KindError(ValueError):
    """Settings that do not fit their kind; carries what pydantic said, so that each place can be named."""

    def __init__(self, model: type[Settings], error: ValidationError) -> None:
        super().__init__(str(error))
        self.model, self.error = model, error


@dataclass(frozen=True)
class Registry:
    """The kinds of one seam."""

    seam: str
    """What these are, such as "method"."""
    base: type[Component]
    """What the settings of every kind are a subclass of."""
    known: Mapping[str, str]
    """Kind → import path of its settings."""

    def settings_of(self, kind: object) -> type[Component]:
        """The settings class of a kind. Raises UserError for one that is not there, naming the nearest."""
        if not isinstance(kind, str):
            raise UserError(f"kind is {kind!r}, expected one of {', '.join(self.known)} or an import path module:Class")
        if kind in self.known:
            return imported(self.known[kind])
        if ":" not in kind:
            near = difflib.get_close_matches(kind, self.known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise UserError(
                f"there is no {self.seam} {kind!r}; {hint}Known are {', '.join(self.known)};"
                " an import path module:Class names one of your own"
            )
        model = getattr(imported(kind), "Settings", None)
        if not (isinstance(model, type) and issubclass(model, self.base)):
            raise UserError(
                f"the {self.seam} {kind!r} has no class `Settings` that extends"
                f" {self.base.__module__}.{self.base.__name__}"
            )
        return model

    def read(self, value: object) -> Component:
        """Settings from a mapping with `kind`. Raises UserError or KindError."""
        if isinstance(value, Component):
            return value
        if not isinstance(value, dict) or "kind" not in value:
            raise UserError(f"found {value!r}, expected a mapping with `kind`, one of {', '.join(self.known)}")
        model = self.settings_of(value["kind"])
        try:
            return model.model_validate(value)
        except ValidationError as error:
            raise KindError(model, error) from None


def imported(path: str) -> Any:
    """What an import path `module:name` stands for. Raises UserError where there is no such thing."""
    module, _, name = path.partition(":")
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        ours = module.startswith("dreamrelation.")
        hint = "docs/installation.md tells what to install" if ours else "is its folder on PYTHONPATH?"
        raise UserError(f"{path!r}: Python finds no module {error.name!r}; {hint}") from error
    except Exception as error:  # whatever the code of somebody's module raises
        if module.startswith("dreamrelation."):
            raise
        raise UserError(f"{path!r}: the module cannot be imported: {type(error).__name__}: {error}") from error
    if not hasattr(found, name):
        raise UserError(f"{path!r}: the module {module!r} has no {name!r}")
    return getattr(found, name)


def implementation_of(settings: Component) -> Callable[..., Any]:
    """The class that these settings describe; it is called with them first."""
    return imported(settings.code)
