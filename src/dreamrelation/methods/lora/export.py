"""What generation loads of a LoRA as one file, for diffusers and for ComfyUI. Without torch: a job of a second."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from dreamrelation.adapter_format import DOWN, METADATA, UP
from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.methods.files import FACTS
from dreamrelation.methods.lora.files import file_of, peft_settings
from dreamrelation.methods.lora.settings import LoraSettings

Tensors = dict[str, np.ndarray]


class LoraExport:
    """Implements `Exporter`."""

    def __init__(self, settings: LoraSettings) -> None:
        self.settings = settings

    def write(self, adapters: Path, spec: BackboneSpec, folder: Path, name: str, facts: Mapping[str, Any]) -> list[str]:
        files = [file_of(adapters, adapter) for adapter in self.settings.inference_adapters]
        layers = joined(load_file(path) for path in files)
        rank, alpha = self.settings.rank, self.settings.alpha
        tensors = by_name(layers)
        told = {
            FACTS: {"adapters": list(self.settings.inference_adapters), "rank": rank, "alpha": alpha, **facts},
            **peft_settings({layer: one.rank for layer, one in layers.items()}, rank, alpha),
        }
        # The one metadata key, because safetensors writes several in any order.
        save_file(tensors, folder / f"{name}.safetensors", {METADATA: json.dumps(told, sort_keys=True)})
        written = [f"{name}.safetensors"]
        for part, suffix in spec.native_parts.items():
            own = {layer.removeprefix(f"{part}."): one for layer, one in layers.items() if layer.startswith(f"{part}.")}
            if own and all(_in_any_block(layer)[0] in spec.native_layers for layer in own):
                file = f"{name}_comfyui{suffix}.safetensors"
                facts_too = {FACTS: json.dumps(told[FACTS], sort_keys=True)}
                save_file(for_comfyui(own, spec, alpha / rank), folder / file, facts_too)
                written.append(file)
        return written


@dataclass(frozen=True)
class LowRank:
    """A change of a layer's weights, ΔW = scale · up · down, with one scale for all of a method's layers."""

    down: np.ndarray
    """(r, in)."""
    up: np.ndarray
    """(out, r)."""

    @property
    def rank(self) -> int:
        return len(self.down)


def joined(adapters: Iterable[Tensors]) -> dict[str, LowRank]:
    """Layer → the sum of what all adapters do to it; each adapter's tensors by the names of its file.

    Two adapters on one layer become one of the sum of their ranks.
    """
    found: dict[str, list[LowRank]] = defaultdict(list)
    for tensors in adapters:
        for name, down in tensors.items():
            if name.endswith(DOWN):
                layer = name.removesuffix(DOWN)
                found[layer].append(LowRank(down, tensors[layer + UP]))
    return {layer: _summed(some) for layer, some in found.items()}


def _summed(some: list[LowRank]) -> LowRank:
    if len(some) == 1:
        return some[0]
    return LowRank(np.concatenate([one.down for one in some]), np.concatenate([one.up for one in some], axis=1))


def by_name(layers: dict[str, LowRank]) -> Tensors:
    """Tensors by the names that `load_lora_weights` takes; the scale is told beside them."""
    return {f"{layer}{end}": value for layer, one in layers.items() for end, value in ((DOWN, one.down), (UP, one.up))}


def for_comfyui(layers: dict[str, LowRank], spec: BackboneSpec, scale: float) -> Tensors:
    """Tensors by the publishers' names of the layers of one transformer, as ComfyUI takes them.

    `layers`: by diffusers' names without the name of the transformer, such as "blocks.0.attn1.to_q". Layers that are
    one layer there are put side by side. The scale is in the tensors: ComfyUI takes 1 where nothing is said. Raises
    KeyError for a layer that the spec does not have.
    """
    parts: dict[str, dict[int, LowRank]] = defaultdict(dict)
    count: dict[str, int] = {}
    for layer, one in layers.items():
        own, blocks, number = _in_any_block(layer)
        native = spec.native_layers[own]
        name = f"diffusion_model.{spec.native_blocks[blocks]}.{number}.{native.name}"
        parts[name][native.part] = one
        count[name] = native.of
    return by_name({name: _side_by_side(some, count[name], scale) for name, some in parts.items()})


def _in_any_block(layer: str) -> tuple[str, str, str]:
    """ "blocks.3.attn1.to_q" → its name in any block, "blocks.attn1.to_q", and list and number of its block."""
    blocks, number, own = layer.split(".", 2)
    return f"{blocks}.{own}", blocks, number


def _side_by_side(parts: dict[int, LowRank], of: int, scale: float) -> LowRank:
    """One layer of `of` parts of equal height, of which some are changed."""
    rank = sum(one.rank for one in parts.values())
    height = len(next(iter(parts.values())).up)
    up = np.zeros((of * height, rank), np.float32)
    start = 0
    for part, one in sorted(parts.items()):
        up[part * height : (part + 1) * height, start : start + one.rank] = scale * one.up
        start += one.rank
    return LowRank(np.concatenate([one.down for _, one in sorted(parts.items())]), up)
