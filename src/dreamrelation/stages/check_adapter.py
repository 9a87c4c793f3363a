"""`dreamrelation check-adapter`: does a LoRA file do anything in the hands of somebody who has only diffusers?"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from dreamrelation.devices import choose_device
from dreamrelation.errors import UserError
from dreamrelation.files import file_sha256

SCRIPT = Path(__file__).with_name("adapter_in_diffusers.py")
SMALLEST_CHANGE = 1e-4
"""Of the latents, relative; less than this is what rounding does."""


def run(
    *,
    file: Path,
    model: str,
    prompt: str = "A dog is shaking hands with a cat.",
    height: int = 256,
    width: int = 256,
    frames: int = 25,
    steps: int = 4,
    precision: str = "bfloat16",
    device: str = "auto",
    call: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Print what the file is and does, and return it; `call` are further arguments of the pipeline.

    Raises UserError where it cannot be loaded, tensors of it are left out, or it changes nothing.
    """
    if not file.is_file():
        raise UserError(f"{file}: no such file, expected a LoRA in safetensors")
    asked = {
        "file": str(file.resolve()),
        "model": model,
        "prompt": prompt,
        "height": height,
        "width": width,
        "frames": frames,
        "steps": steps,
        "precision": precision,
        "device": choose_device(device).type,
        "call": call or {},
    }
    # -I: neither this package nor the folder of the script is on the path
    command = [sys.executable, "-I", str(SCRIPT), json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = " ".join(done.stderr.strip().splitlines()[-1:]) or f"status {done.returncode}"
        raise UserError(f"{file}: diffusers cannot use it with {model}: {reason}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    print(report(file, model, found))
    problem = problem_of(found)
    if problem is not None:
        raise UserError(f"{file}: {problem}")
    return found


def problem_of(found: dict[str, Any]) -> str | None:
    """Why the file must not be passed on; None where it is as it should be."""
    if not found["loaded"]:
        return f"diffusers loads none of its {found['stored']} tensors; are they those of another model?"
    if found["not_loaded"]:
        some = ", ".join(found["not_loaded"][:3])
        return f"diffusers leaves out {len(found['not_loaded'])} of its {found['stored']} tensors, such as {some}"
    if not found["finite"]:
        return "the video's latents are not finite with it"
    silent = [name for name, facts in found["layers"].items() if facts["norm"] == 0]
    if len(silent) == len(found["layers"]):
        return "it does nothing: all of its changes are zero"
    if found["change"] < SMALLEST_CHANGE:
        return f"it does nothing: the latents change by {found['change']:.1e}, expected {SMALLEST_CHANGE:g} or more"
    return None


def report(file: Path, model: str, found: dict[str, Any]) -> str:
    """What people are told, as text."""
    layers = found["layers"]
    ranks = sorted({facts["rank"] for facts in layers.values()})
    scales = sorted({round(facts["scale"], 6) for facts in layers.values()})
    silent = sum(facts["norm"] == 0 for facts in layers.values())
    lines = [
        f"{file} (SHA-256 {file_sha256(file)[:12]}…) in {model}",
        f"  tensors: {found['loaded']} loaded of {found['stored']} stored",
        f"  layers: {len(layers)}, of which {silent} are not changed; rank {_listed(ranks)}, scale {_listed(scales)}",
        f"  change of the latents: {100 * found['change']:.3g} % of their size",
        "  norm of the change by block:",
    ]
    largest = max(found["blocks"].values(), default=0.0)
    for name, norm in found["blocks"].items():
        bar = "#" * round(30 * norm / largest) if largest else ""
        lines.append(f"    {name:<36} {norm:10.4g}  {bar}")
    return "\n".join(lines)


def _listed(values: list[Any]) -> str:
    return ", ".join(f"{value:g}" for value in values) or "none"
