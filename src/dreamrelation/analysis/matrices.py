"""The matrices of a transformer's attention, read one by one from its files: the model is never loaded."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.errors import UserError

PROJECTIONS = ("query", "key", "value")


@dataclass(frozen=True)
class AttentionMatrices:
    """Of one folder with safetensors files, whole or in parts."""

    folder: Path
    spec: BackboneSpec

    def blocks(self) -> list[str]:
        """Names of all blocks, such as "transformer_blocks.0", in the order of a forward pass.

        Raises UserError where there are none.
        """
        found: list[str] = []
        for blocks in self.spec.blocks:
            pattern = re.compile(rf"{re.escape(blocks)}\.(\d+)\.{re.escape(self._layer('query'))}\.weight")
            places = sorted(int(match[1]) for match in map(pattern.fullmatch, self._files) if match)
            found += [f"{blocks}.{place}" for place in places]
        if not found:
            raise UserError(f"{self.folder}: found no attention of {self.spec.title}, expected its transformer")
        return found

    def read(self, block: str, projection: str) -> Tensor:
        """The weight (out, in) of the visual tokens' query, key or value.

        Raises UserError where it is missing or no matrix, or its file is broken.
        """
        name = f"{block}.{self._layer(projection)}.weight"
        if name not in self._files:
            raise UserError(f"{self.folder}: found no {name}, expected it beside the block's query")
        path = self._files[name]
        try:
            with safe_open(path, "pt") as content:
                weight: Tensor = content.get_tensor(name)
        except (OSError, SafetensorError) as error:
            raise UserError(f"{path}: cannot be read: {error}") from None
        if weight.ndim != 2 or not weight.is_floating_point():
            raise UserError(f"{path}: found {name} {weight.dtype} {tuple(weight.shape)}, expected a matrix of numbers")
        return weight

    def _layer(self, projection: str) -> str:
        return self.spec.projections[projection][0]

    @cached_property
    def _files(self) -> dict[str, Path]:
        """Name of a tensor → its file."""
        found: dict[str, Path] = {}
        for index in sorted(self.folder.glob("*.safetensors.index.json")):
            try:
                listed = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise UserError(f"{index}: cannot be read as a list of weights: {error!r}") from None
            return {name: self.folder / file for name, file in listed.items()}
        for path in sorted(self.folder.glob("*.safetensors")):
            try:
                path.open("rb").close()  # safetensors says "no such file" of one that may not be read
                with safe_open(path, "pt") as content:
                    found.update(dict.fromkeys(content.keys(), path))
            except (OSError, SafetensorError) as error:
                raise UserError(f"{path}: cannot be read: {error}") from None
        return found
