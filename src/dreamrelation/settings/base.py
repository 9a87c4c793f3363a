"""The common ground of all settings."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from yaml import YAMLError

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+$", max_length=64)]
"""A name that stands in paths."""
UNREADABLE = (OSError, ValueError, RecursionError, YAMLError)
"""What reading a file as YAML raises: also for a 99th of a month, bytes that are no text, thousands of brackets."""


class Settings(BaseModel):
    """Frozen; unknown keys are refused; the string under a field is its documentation."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class Component(Settings):
    """Settings of an exchangeable part: a method, a backbone, a metric, a segmenter, a detector, a loss.

    `kind` names the part; `implementation` is where the class is that is built from these settings. The settings are
    light, so that the workflow can read them without loading what they stand for.
    """

    implementation: ClassVar[str] = ""
    """Import path `module:Class`; a part from outside the package is its own `kind` instead."""

    kind: str
    """A name that the package knows, or an import path `module:Class` of one's own."""

    @property
    def code(self) -> str:
        """Import path of the class."""
        return self.kind if ":" in self.kind else self.implementation

    def files(self) -> list[str]:
        """Local files that the part reads: inputs of the rules that use it."""
        return []
