"""What low-rank changes of a transformer's layers are: how large, and of how many directions."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from dreamrelation.adapter_format import DOWN, METADATA, UP
from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.errors import UserError


@dataclass(frozen=True)
class LayerChange:
    """ΔW = scale·B·A of one layer."""

    adapter: str
    block: str
    """Transformer, list and number, such as "transformer.blocks.3"."""
    layer: str
    """Within the block, such as "attn1.to_q"."""
    projection: str
    """The field's name, such as "query"."""
    rank: int
    norm: float
    """Frobenius norm."""
    effective_rank: float
    """exp of the entropy of the singular values as shares of their sum (Roy and Vetterli 2007): from 1, all in one
    direction, to the rank."""
    largest_share: float
    """Of the squared norm, in the largest direction."""


def changes_of(path: Path, spec: BackboneSpec) -> Iterator[LayerChange]:
    """Of every layer of an adapter's file, in the order of a forward pass; the adapter is called as the file is.

    Raises UserError where the file cannot be read, holds no low-rank change, or does not tell its scale.
    """
    try:
        with safe_open(path, "numpy") as content:
            told = json.loads((content.metadata() or {}).get(METADATA, "{}"))
            names: list[str] = content.keys()
            layers = [name.removesuffix(DOWN) for name in names if name.endswith(DOWN)]
            pairs = {layer: (content.get_tensor(layer + DOWN), content.get_tensor(layer + UP)) for layer in layers}
    except (OSError, ValueError, SafetensorError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    if not pairs:
        raise UserError(f"{path}: found no low-rank change in it, expected tensors that end in {DOWN}")
    for layer in sorted(pairs, key=lambda layer: _order(layer, spec)):
        part = layer.partition(".")[0]
        down, up = pairs[layer]
        try:
            scale = told[f"{part}.lora_alpha"] / told[f"{part}.r"]
        except KeyError:
            raise UserError(f"{path}: does not tell the scale of {part}'s changes, expected rank and alpha") from None
        yield _change(path.stem, layer, spec, scale * up.astype(np.float64), down.astype(np.float64))


def effective_rank(singular_values: np.ndarray) -> float:
    """Of (r,) singular values; 0 where all are zero."""
    total = singular_values.sum()
    if total == 0:
        return 0.0
    shares = singular_values[singular_values > 0] / total
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _change(adapter: str, name: str, spec: BackboneSpec, up: np.ndarray, down: np.ndarray) -> LayerChange:
    # of B·A without the product: that of the triangles of their QR decompositions has the same singular values
    (_, left), (_, right) = np.linalg.qr(up), np.linalg.qr(down.T)
    values = np.linalg.svd(left @ right.T, compute_uv=False)
    square = float((values**2).sum())
    part, blocks, number, layer = name.split(".", 3)
    return LayerChange(
        adapter=adapter,
        block=f"{part}.{blocks}.{number}",
        layer=layer,
        projection=next(name for name, endings in spec.projections.items() if layer in endings),
        rank=len(down),
        norm=square**0.5,
        effective_rank=effective_rank(values),
        largest_share=float(values[0] ** 2) / square if square else 0.0,
    )


def _order(layer: str, spec: BackboneSpec) -> tuple[str, int, int, str]:
    part, blocks, number, inside = layer.split(".", 3)
    return part, spec.blocks.index(blocks), int(number), inside
