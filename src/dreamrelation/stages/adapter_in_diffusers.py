"""Opens a LoRA as anybody does who has diffusers and not this package, and measures what it changes.

Run as a script in a process of its own by `check_adapter`, with what is asked as JSON; prints the answer as JSON. It
must import nothing of this package.
"""

import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline
from safetensors.torch import load_file

ADAPTER = "checked"
END = f".lora_A.{ADAPTER}.weight"
BLOCK = re.compile(r"^(.*?\.\d+)\.")


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """Coverage of the file's tensors, norms of the layers' changes, and the change of a video's latents."""
    file = Path(asked["file"])
    stored = load_file(file)
    dtype = {"float32": torch.float32, "bfloat16": torch.bfloat16}[asked["precision"]]
    pipeline: Any = DiffusionPipeline.from_pretrained(asked["model"], torch_dtype=dtype)
    pipeline.set_progress_bar_config(disable=True)
    if asked["device"] == "cuda":
        pipeline.enable_model_cpu_offload()
    plain = latents(pipeline, asked)
    pipeline.load_lora_weights(str(file.parent), weight_name=file.name, adapter_name=ADAPTER)
    second = getattr(pipeline, "transformer_2", None)
    if second is not None and any(name.startswith("transformer_2.") for name in stored):
        second.load_lora_adapter(str(file.parent), weight_name=file.name, adapter_name=ADAPTER, prefix="transformer_2")
    layers = {}
    loaded = set()
    for part in ("transformer", "transformer_2"):
        module: Any = getattr(pipeline, part, None)
        if module is None:
            continue
        for name in [name for name, _ in module.named_parameters() if name.endswith(END)]:
            layer = name.removesuffix(END)
            loaded |= {f"{part}.{layer}.lora_{side}.weight" for side in "AB"}
            layers[f"{part}.{layer}"] = facts_of(module.get_submodule(layer))
    adapted = latents(pipeline, asked)
    own_names = any(name.startswith("transformer") for name in stored)
    return {
        "stored": len(stored),
        "loaded": len(loaded),
        # a file with the publishers' names is translated by diffusers, so that names cannot be compared
        "not_loaded": sorted(set(stored) - loaded) if own_names else [],
        "layers": layers,
        "blocks": norms_by_block(layers),
        "change": float((adapted - plain).pow(2).mean().sqrt() / plain.pow(2).mean().sqrt()),
        "finite": bool(torch.isfinite(adapted).all()),
    }


def facts_of(layer: Any) -> dict[str, float]:
    """Rank, scale and Frobenius norm of ΔW of one layer."""
    up, down = layer.lora_B[ADAPTER].weight.float(), layer.lora_A[ADAPTER].weight.float()
    scale = float(layer.scaling[ADAPTER])
    # ‖BA‖² = tr(BᵀB·AAᵀ), without the matrix itself
    norm = scale * float(((up.T @ up) * (down @ down.T)).sum().clamp(min=0).sqrt())
    return {"rank": len(down), "scale": scale, "norm": norm}


def norms_by_block(layers: dict[str, dict[str, float]]) -> dict[str, float]:
    """Block → norm of all its changes together."""
    squares: dict[str, float] = defaultdict(float)
    for name, facts in layers.items():
        found = BLOCK.match(name)
        squares[found.group(1) if found else name] += facts["norm"] ** 2
    return {name: square**0.5 for name, square in squares.items()}


def latents(pipeline: Any, asked: dict[str, Any]) -> torch.Tensor:
    """Of a small video with few steps, the same each time but for the weights."""
    return pipeline(
        asked["prompt"],
        height=asked["height"],
        width=asked["width"],
        num_frames=asked["frames"],
        num_inference_steps=asked["steps"],
        generator=torch.Generator("cpu").manual_seed(0),
        output_type="latent",
        **asked["call"],
    ).frames.float()


if __name__ == "__main__":
    print(json.dumps(answer(json.loads(sys.argv[1]))))
