"""What the export stage asks of a method whose product other programs can load."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from dreamrelation.backbone_spec import BackboneSpec


class Exporter(Protocol):
    """Writes what a method learned in the formats of other programs; loads no model. Built from the method's settings."""

    def write(self, adapters: Path, spec: BackboneSpec, folder: Path, name: str, facts: Mapping[str, Any]) -> list[str]:
        """Write files whose names begin with `name` into a folder that is there; returns their names, diffusers' first.

        `adapters` is what the training wrote, whole; `facts` go into the files' metadata. Equal adapters give equal
        bytes.
        """
        ...
