"""One of several processes of a training; `test_processes.py` starts it with RANK and WORLD_SIZE.

Arguments: the folder of a tiny Mochi, the folder for this process, settings as JSON, and those of the machine.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import torch
from tests.training.setups import lora_trainer
from torch.distributed.tensor import DTensor

from dreamrelation.backbones.mochi.settings import MochiSettings

if __name__ == "__main__":
    model, folder, (settings, machine) = sys.argv[1], Path(sys.argv[2]), map(json.loads, sys.argv[3:])
    mochi = MochiSettings(path=model, precision="float32")  # type: ignore[arg-type]
    trainer = lora_trainer(mochi, folder, machine=machine, **settings)
    rows = trainer.train()
    parameters = {name: parameter.detach() for name, parameter in trainer.parameters.items()}
    state = trainer.setup.method.state()
    blocks = [p for n, p in trainer.setup.denoiser.module.named_parameters() if n.startswith("transformer_blocks.")]
    frozen = [parameter for parameter in blocks if all(parameter is not own for own in trainer.parameters.values())]
    held = sum(p.to_local().numel() if isinstance(p, DTensor) else p.numel() for p in frozen)
    end = {"rows": [asdict(row) for row in rows], "parameters": parameters, "state": state, "held": held}
    torch.save(end, folder / "end.pt")
