"""Results of an experiment in which methods of every kind were trained, after a fashion, on a tiny model."""

from pathlib import Path
from typing import Any, cast

import torch
from tests.tiny_models import opened

from dreamrelation import config
from dreamrelation.methods.files import write_manifest
from dreamrelation.methods.interface import OpenModel, TrainedMethod
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.model import ModelSettings
from dreamrelation.settings.overlay import overlay
from dreamrelation.settings.registry import implementation_of
from dreamrelation.settings.stages import Chosen, GenerateStage, TrainStage
from dreamrelation.stages.generate import video_grid
from dreamrelation.texts.live import LiveTexts

ROOT = Path(__file__).parents[2]
RELATION = "hugging"
STEPS = 2


def experiment_of(model: ModelSettings, **over: Any) -> ExperimentSettings:
    """With a method of every kind, and small videos."""
    frames = model.spec.temporal_stride + 1
    small: dict[str, Any] = {
        "model": model.model_dump(),
        "machine": {"device": "cpu", "generation_batch": 1},
        "clips": {"height": 32, "width": 64, "pixel_frames": [frames]},
        "methods": {
            "dreamrelation": {"rank": 4, "alpha": 4},
            "direct_lora": None,
            "reversion": {"kind": "textual_inversion", "caption_dropout": 0.0},
            "motion_inversion": {"kind": "motion_embedding"},
        },
        "generation": {"subjects": [["dog", "cat"]], "videos_per_prompt": 1, "sampling_steps": STEPS,
                       "guidance_scale": 3.0, "pixel_frames": frames},
    }  # fmt: skip
    default = config.load([ROOT / "config.yaml"]).model_dump()
    return config.from_mapping(overlay(overlay(default, small), over), "test")


def write_results(experiment: ExperimentSettings, results: Path, names: tuple[str, ...]) -> Path:
    """The folder of the relation, in which these methods have learned anything but nothing."""
    folder = results / experiment.experiment / RELATION
    for name in names:
        settings = experiment.method(name)
        backbone = opened(experiment.model)
        method = cast(TrainedMethod, implementation_of(settings)(settings))
        grid = video_grid(GenerateStage.of(experiment, Chosen(name, relation=RELATION)))
        method.attach(OpenModel(backbone, LiveTexts(backbone.text_encoder)), grid, 0)
        for number, parameter in enumerate(method.parameters().values()):
            parameter.data = 0.2 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(number))
        adapters = folder / name / "adapters"
        adapters.mkdir(parents=True)
        method.save(adapters, {})
        write_manifest(folder / name / "adapters.json", adapters)
        config.write_settings(TrainStage.of(experiment, Chosen(name)), folder / name / "training.settings.yaml")
    return folder
