"""What the export stage asks of a method whose product other programs can load."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.settings.methods import MethodSettings
from dreamrelation.settings.registry import imported


class Exporter(Protocol):
    """Writes what a method learned in the formats of other programs. Built from its settings; loads no model."""

    def write(self, adapters: Path, spec: BackboneSpec, folder: Path, name: str, facts: Mapping[str, Any]) -> list[str]:
        """Write files whose names begin with `name` into a folder that is there; returns their names, diffusers' first.

        `adapters` is what the training wrote, whole; `facts` go into the files' metadata. Equal adapters give equal
        bytes.
        """
        ...


def exporter_of(settings: MethodSettings) -> Exporter | None:
    """The exporter of a method; None where no other program loads what it learns."""
    return None if settings.exporter is None else imported(settings.exporter)(settings)
