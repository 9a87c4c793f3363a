"""One of several processes of a training; `test_processes.py` starts it with RANK and WORLD_SIZE.

Arguments: the folder of a tiny Mochi, the folder for this process, settings as JSON.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import torch
from tests.training.setups import lora_trainer

from dreamrelation.backbones.mochi.settings import MochiSettings

if __name__ == "__main__":
    model, folder, settings = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])
    trainer = lora_trainer(MochiSettings(path=model, precision="float32"), folder, **settings)  # type: ignore[arg-type]
    rows = trainer.train()
    parameters = {name: parameter.detach() for name, parameter in trainer.parameters.items()}
    state = trainer.setup.method.state()
    torch.save({"rows": [asdict(row) for row in rows], "parameters": parameters, "state": state}, folder / "end.pt")
