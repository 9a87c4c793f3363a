"""A training of three steps on a tiny Mochi, with all that goes into it."""

import shutil
from pathlib import Path

import numpy as np
import torch

from dreamrelation import config
from dreamrelation.backbones.interface import Posterior
from dreamrelation.backbones.mochi.backbone import Mochi
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.latents.cache import EncodedClip, latents_fingerprint, write_clips
from dreamrelation.roles import ROLES, Role
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.overlay import overlay
from dreamrelation.settings.stages import Chosen, LatentsStage, TrainStage
from dreamrelation.stages import train
from dreamrelation.tables.rows import TRAIN
from dreamrelation.texts.cache import write_texts

ROOT = Path(__file__).parents[2]
MACHINE = MachineSettings(device="cpu", checkpoint_every=1)
CAPTION = "A person is hugging a person."
GRID = (2, 4, 6)


def small_experiment(random_mochi: MochiSettings, tmp_path: Path) -> ExperimentSettings:
    """Three steps on a model of its own, whose weights a test may change."""
    folder = tmp_path / "mochi"
    shutil.copytree(random_mochi.path, folder)
    small = {
        "model": {"path": str(folder)},
        "clips": {"height": 32, "width": 48, "pixel_frames": [7]},
        "generation": {"pixel_frames": 7},
        "training": {"steps": 3, "warmup_steps": 1, "batch_size": 1},
        "methods": {"direct_lora": None, "dreamrelation": {"rank": 2, "alpha": 2, "steps": 3, "warmup_steps": 1}},
    }
    return config.from_mapping(overlay(config.load([ROOT / "config.yaml"]).model_dump(), small), "test")


def caches(experiment: ExperimentSettings, folder: Path, mask: np.ndarray | None = None) -> None:
    """Latents and texts as the stages before write them; all masks are the same, of GRID, or one half everywhere."""
    mochi = Mochi(experiment.model, MACHINE)
    write_texts(folder / "texts", ["", CAPTION], mochi.text_encoder(), mochi.fingerprint("text_encoder"))
    generator = torch.Generator().manual_seed(0)
    masks: dict[Role, np.ndarray] = dict.fromkeys(ROLES, np.full(GRID, 0.5, np.float32) if mask is None else mask)
    clips = [
        EncodedClip(
            f"clip{n}",
            CAPTION,
            TRAIN,
            Posterior(torch.randn(12, *GRID, generator=generator), torch.zeros(12, *GRID)),
            masks,
        )
        for n in range(3)
    ]
    stage = LatentsStage.of(experiment)
    write_clips(folder / "latents", clips, latents_fingerprint(stage, mochi.fingerprint("autoencoder")))


def run(experiment: ExperimentSettings, folder: Path, minutes: float | None = None, to: str = "out") -> Path:
    out = folder / to
    train.run(
        settings=TrainStage.of(experiment, Chosen("dreamrelation", relation="hugging")),
        machine=MACHINE,
        relation="hugging",
        method="dreamrelation",
        latents=folder / "latents",
        captions=folder / "texts",
        adapters=out / "adapters",
        manifest=out / "adapters.json",
        training=out / "training.parquet",
        resume=folder / "resume",
        minutes=minutes,
    )
    return out
