"""A small setup for tests of training: a tiny Mochi, random clips, random texts."""

from contextlib import closing
from pathlib import Path
from typing import cast

import torch
from tests.small_hunyuan_video import POOLED
from tests.tiny_models import opened

from dreamrelation.latents.cache import CachedClips
from dreamrelation.methods.interface import OpenModel, TrainedMethod
from dreamrelation.methods.lora.method import Lora
from dreamrelation.methods.lora.settings import LoraSettings
from dreamrelation.roles import ROLES
from dreamrelation.settings.kinds import METHODS
from dreamrelation.settings.methods import TrainedMethodSettings, TrainingSettings
from dreamrelation.settings.model import ModelSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.tables.rows import TrainingStep
from dreamrelation.texts.cache import TextCache
from dreamrelation.training.loop import Saving, Trainer
from dreamrelation.training.step import TrainingSetup

GRID = (12, 2, 4, 6)
SMALL = {
    "rank": 2,
    "alpha": 2,
    "steps": 12,
    "warmup_steps": 2,
    "batch_size": 2,
    "learning_rate": 1e-2,
    "weight_decay": 0.1,
}


class RandomTexts(TextCache):
    """Random embeddings instead of a table's."""

    def __init__(self, tokens: int = 8, settings: ModelSettings | None = None) -> None:
        ends = settings is not None and settings.kind == "hunyuan_video"  # where it is said even of the empty text
        generator = torch.Generator().manual_seed(5)
        self.path = Path("texts.parquet")
        self.place = {"": 0, "caption": 1}
        self.embedding = torch.randn(2, tokens, 64, generator=generator)
        self.attention_mask = torch.tensor([[ends] + [False] * (tokens - 1), [True] * tokens])
        self.pooled = torch.randn(2, POOLED, generator=generator)  # which most models do not look at


def cached_clips(count: int = 5, channels: int = GRID[0]) -> CachedClips:
    generator = torch.Generator().manual_seed(3)
    shape = (count, channels, *GRID[1:])
    return CachedClips(
        clips=[f"clip{n}" for n in range(count)],
        captions=["caption"] * count,
        mean=torch.randn(shape, generator=generator),
        std=torch.full(shape, 0.1),
        masks={role: torch.rand(count, *GRID[1:], generator=generator) for role in ROLES},
    )


def trainer_of(
    method: TrainedMethod,
    settings: TrainedMethodSettings,
    model_settings: ModelSettings,
    folder: Path,
    every: int = 4,
    machine: dict[str, object] | None = None,
) -> Trainer:
    """A trainer of any method; states go to `folder`."""
    folder.mkdir(exist_ok=True)
    model = OpenModel(
        opened(model_settings, **(machine or {})),
        RandomTexts(8 if isinstance(method, Lora) else 32, model_settings),
    )
    data = cached_clips(channels=model.denoiser.channels)
    method.attach(model, data.grid, 0)
    normalise = settings.normalise_latents == "per_channel"
    together = bool(machine and machine.get("split_videos"))
    setup = TrainingSetup(model.denoiser, data, method, normalise, settings.noise_shift, together)
    return Trainer(setup, settings, 0, Saving(folder, "fingerprint", every), "test")


def lora_trainer(
    model: ModelSettings, folder: Path, every: int = 4, machine: dict[str, object] | None = None, **over: object
) -> Trainer:
    settings = LoraSettings.model_validate({**SMALL, **over})
    return trainer_of(Lora(settings), settings, model, folder, every, machine)


def baseline_trainer(kind: str, settings: ModelSettings, folder: Path, every: int = 4, **over: object) -> Trainer:
    """A trainer of any kind of method, with few and large steps."""
    small = {name: value for name, value in SMALL.items() if name in TrainingSettings.model_fields}
    method = cast(TrainedMethodSettings, METHODS.read({"kind": kind, "accumulation": 1, **small, **over}))
    return trainer_of(implementation_of(method)(method), method, settings, folder, every)


def steps(trainer: Trainer, count: int) -> list[TrainingStep]:
    """Rows of the next steps of a training."""
    with closing(trainer.prepared_from(trainer.step)) as prepared:
        for _ in range(count):
            trainer.train_step(prepared)
    return trainer.records.read()[-count:]


def one_step(trainer: Trainer) -> TrainingStep:
    return steps(trainer, 1)[0]
