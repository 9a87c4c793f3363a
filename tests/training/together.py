"""One of several processes of a training; `test_processes.py` starts it with RANK and WORLD_SIZE.

Arguments: settings of a tiny model as JSON, the folder for this process, settings, and those of the machine.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import torch
from tests.training.setups import lora_trainer
from torch.distributed.tensor import DTensor

from dreamrelation.settings.kinds import BACKBONES
from dreamrelation.settings.model import ModelSettings
from dreamrelation.training.loop import Trainer


def end_of(trainer: Trainer) -> dict[str, Any]:
    """Train, and tell what there is at the end; `held`: numbers of the frozen blocks that this process has."""
    rows = trainer.train()
    parameters = {name: parameter.detach() for name, parameter in trainer.parameters.items()}
    denoiser = trainer.setup.denoiser
    within = tuple(f"{name}." for name in denoiser.spec.blocks)
    blocks = [p for n, p in denoiser.module.named_parameters() if n.startswith(within)]
    frozen = [parameter for parameter in blocks if all(parameter is not own for own in trainer.parameters.values())]
    held = sum(p.to_local().numel() if isinstance(p, DTensor) else p.numel() for p in frozen)
    state = trainer.setup.method.state()
    return {"rows": [asdict(row) for row in rows], "parameters": parameters, "state": state, "held": held}


if __name__ == "__main__":
    model, settings, machine = (json.loads(sys.argv[place]) for place in (1, 3, 4))
    folder = Path(sys.argv[2])
    if machine.get("split_videos"):
        # diffusers numbers processes by cards, and knows of none on a CPU, where the rest works as well
        torch.accelerator.device_count = lambda: 1
    trainer = lora_trainer(cast(ModelSettings, BACKBONES.read(model)), folder, machine=machine, **settings)
    torch.save(end_of(trainer), folder / "end.pt")
