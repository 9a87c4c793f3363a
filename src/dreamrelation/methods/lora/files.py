"""How the files of LoRA adapters are named, inside and out: as diffusers' `load_lora_weights` reads them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def file_of(folder: Path, adapter: str) -> Path:
    return folder / f"{adapter}.safetensors"


def peft_settings(ranks: Mapping[str, int], rank: int, alpha: int) -> dict[str, Any]:
    """What diffusers builds its adapters from: fields of peft's `LoraConfig` behind the name of the pipeline's part.

    They and our own facts are the one value of a file's metadata; diffusers reads only what begins with the name of a
    part of its pipeline. `ranks`: layer → its rank, such as "transformer.blocks.0.attn1.to_q" → 16; where it is not
    `rank`, its alpha is another one too, so that all have the same scale alpha / rank.
    """
    settings: dict[str, Any] = {}
    for part in sorted({layer.partition(".")[0] for layer in ranks}):
        own = {layer.removeprefix(f"{part}."): r for layer, r in sorted(ranks.items()) if layer.startswith(f"{part}.")}
        settings |= {f"{part}.r": rank, f"{part}.lora_alpha": alpha, f"{part}.target_modules": list(own)}
        others = {layer: r for layer, r in own.items() if r != rank}
        if others:
            settings |= {
                f"{part}.rank_pattern": others,
                f"{part}.alpha_pattern": {layer: alpha * r // rank for layer, r in others.items()},
            }
    return settings
