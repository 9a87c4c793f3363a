"""Adapter files are used without this package: diffusers' pipeline opens them and draws the same video."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from diffusers.loaders.lora_base import LORA_ADAPTER_METADATA_KEY
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tests.tiny_models import Kind

from dreamrelation.adapter_format import METADATA
from dreamrelation.backbones.interface import Denoiser
from dreamrelation.methods.interface import OpenModel
from dreamrelation.methods.lora.method import Lora
from dreamrelation.methods.lora.placement import adapter_parameters
from dreamrelation.methods.lora.settings import LoraSettings
from dreamrelation.sampling.schedules import noise_levels
from dreamrelation.sampling.solver import sample
from dreamrelation.texts.cache import TextCache

PROMPT, NEGATIVE = "A dog is shaking hands with a cat.", "a bear"
STEPS, SCALE = 4, 3.0
CELLS = (2, 4, 6)
RANK, ALPHA = 4, 10
USED = ("relation", "ffn")

STRANGER = """
import json
import sys
from pathlib import Path

import numpy as np
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler
from safetensors.torch import load_file, save_file
import torch


def draw(asked):
    adapters, shift = Path(asked["adapters"]), asked["shift"]
    pipeline = DiffusionPipeline.from_pretrained(asked["model"])
    pipeline.set_progress_bar_config(disable=True)

    for name in asked["used"]:
        file = f"{name}.safetensors"
        pipeline.load_lora_weights(adapters, weight_name=file, adapter_name=name)
        if asked["experts"]:
            second = pipeline.transformer_2
            second.load_lora_adapter(adapters, weight_name=file, adapter_name=name, prefix="transformer_2")
    pipeline.set_adapters(asked["used"])

    for name in asked["used"]:
        stored = load_file(adapters / f"{name}.safetensors")
        loaded = {
            f"{part}.{key.replace(f'.{name}.', '.')}": value
            for part in ("transformer", "transformer_2")
            if getattr(pipeline, part, None) is not None
            for key, value in getattr(pipeline, part).named_parameters()
            if f".lora_A.{name}." in key or f".lora_B.{name}." in key
        }
        assert loaded.keys() == stored.keys(), sorted(loaded.keys() ^ stored.keys())[:4]
        assert all(torch.equal(loaded[key], stored[key]) for key in stored)

    if shift is not None:
        class Even(FlowMatchEulerDiscreteScheduler):
            def set_timesteps(self, count=None, device=None, sigmas=None):
                even = np.linspace(1, 1 / count, count).tolist() if sigmas is None else sigmas
                super().set_timesteps(sigmas=even, device=device)

        pipeline.scheduler = Even(shift=shift)

    if asked["isolate"]:
        forward = pipeline.transformer.forward
        pipeline.transformer.forward = lambda **given: forward(**{**given, "isolate_modalities": True})
    noise = load_file(asked["noise"])["noise"]
    given = dict(asked["call"], latents=noise)
    latents = pipeline(**given, output_type="latent").frames
    frames = torch.from_numpy(np.ascontiguousarray(pipeline(**given, output_type="np").frames))
    save_file({"latents": latents.contiguous(), "frames": frames}, asked["answer"])


for line in sys.stdin:
    draw(json.loads(line))
    assert not [module for module in sys.modules if module.split(".")[0] == "dreamrelation"]
    print("drawn", flush=True)
"""


def opened(kind: Kind) -> OpenModel:
    return OpenModel(kind.backbone, cast(TextCache, None))


def learned(kind: Kind, **over: Any) -> Lora:
    """DreamRelation's triplet, whose adapters all do something."""
    method = Lora(LoraSettings.model_validate({"rank": RANK, "alpha": ALPHA, "contrastive": None, **over}))
    method.attach(opened(kind), CELLS, seed=0)
    generator = torch.Generator().manual_seed(1)
    for parameter in method.parameters().values():
        parameter.data = 0.1 * torch.randn(parameter.shape, generator=generator)
    return method


def our_video(kind: Kind, denoiser: Denoiser, noise: torch.Tensor) -> tuple[torch.Tensor, np.ndarray]:
    """Latents and frames (B, F, H, W, 3) uint8."""
    encoder = kind.backbone.text_encoder()
    levels = noise_levels(kind.spec.sampling.schedule, STEPS)
    guidance = kind.guidance(SCALE, encoder.embed([NEGATIVE]))
    latents = sample(denoiser, noise, encoder.embed([PROMPT]), guidance, levels)
    return latents, kind.backbone.autoencoder().decode(latents)


@dataclass(frozen=True)
class Stranger:
    """A process of somebody who has diffusers and the files, and not this package."""

    process: subprocess.Popen[str]
    errors: Path

    def draw(self, asked: dict[str, Any]) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        before = len(self.said)
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        said = self.said[before:]
        assert answer == "drawn\n", said[-3000:]
        assert "unexpected keys" not in said and "No LoRA keys" not in said, said

    @property
    def said(self) -> str:
        return self.errors.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    """One for all models: most of its time is that until diffusers is there."""
    folder = tmp_path_factory.mktemp("stranger")
    script, errors = folder / "stranger.py", folder / "errors.txt"
    script.write_text(STRANGER, encoding="utf-8")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with errors.open("w") as file, subprocess.Popen([sys.executable, "-I", str(script)], stderr=file, **pipes) as begun:
        yield Stranger(begun, errors)


def video_of_a_stranger(
    stranger: Stranger, kind: Kind, adapters: Path, noise: torch.Tensor, folder: Path
) -> dict[str, torch.Tensor]:
    """What the stranger makes."""
    save_file({"noise": kind.for_pipeline(noise).contiguous()}, folder / "noise.safetensors")
    schedule, stride = kind.spec.sampling.schedule, kind.spec.spatial_stride
    asked = {
        "model": kind.settings.path,
        "adapters": str(adapters),
        "used": USED,
        "experts": kind.settings.kind == "wan_2_2_a14b",
        "isolate": kind.settings.kind == "ltx2",
        "shift": schedule.value if schedule.kind == "shifted" else None,
        "noise": str(folder / "noise.safetensors"),
        "answer": str(folder / "answer.safetensors"),
        "call": {
            "prompt": PROMPT,
            "negative_prompt": NEGATIVE,
            "height": stride * CELLS[1],
            "width": stride * CELLS[2],
            "num_frames": kind.pixel_frames(CELLS[0]),
            "num_inference_steps": STEPS,
            **kind.asked(SCALE),
        },
    }
    stranger.draw(asked)
    answer = load_file(folder / "answer.safetensors")
    return {**answer, "latents": kind.from_pipeline(answer["latents"])}


def test_a_pipeline_without_this_package_draws_our_video(stranger: Stranger, kind: Kind, tmp_path: Path) -> None:
    """Catches names that diffusers does not know, and a scale alpha / rank that it is not told."""
    adapters = tmp_path / "adapters"
    adapters.mkdir()
    learned(kind).save(adapters, {"relation": "hugging", "method": "dreamrelation"})
    model = opened(kind)
    noise = kind.noise(model.denoiser.channels, 1, CELLS)
    plain, _ = our_video(kind, model.denoiser, noise)
    Lora(LoraSettings(rank=RANK, alpha=ALPHA)).load(model, CELLS, adapters)
    latents, frames = our_video(kind, model.denoiser, noise)
    theirs = video_of_a_stranger(stranger, kind, adapters, noise, tmp_path)
    torch.testing.assert_close(latents, theirs["latents"], rtol=1e-3, atol=1e-3)
    assert abs(frames.astype(int) - np.round(255 * theirs["frames"].numpy()).astype(int)).max() <= 1
    assert (latents - plain).pow(2).mean().sqrt() > 0.05, "the adapters do something"


@pytest.mark.parametrize(("rank", "alpha"), [(4, 4), (4, 8), (2, 1)])
def test_the_files_say_what_diffusers_builds_adapters_from(kind: Kind, tmp_path: Path, rank: int, alpha: int) -> None:
    method = learned(kind, rank=rank, alpha=alpha)
    method.save(tmp_path, {"relation": "hugging"})
    assert METADATA == LORA_ADAPTER_METADATA_KEY
    for adapter in ("relation", "subject1", "subject2", "ffn"):
        with safe_open(tmp_path / f"{adapter}.safetensors", "pt") as file:
            ((key, told),) = file.metadata().items()
            names = set(file.keys())
        assert key == METADATA
        facts = json.loads(told)
        parts = {name.partition(".")[0] for name in names}
        assert facts.pop("dreamrelation") == {"adapter": adapter, "rank": rank, "alpha": alpha, "relation": "hugging"}
        assert facts.keys() == {f"{part}.{field}" for part in parts for field in ("r", "lora_alpha", "target_modules")}
        assert all((facts[f"{part}.r"], facts[f"{part}.lora_alpha"]) == (rank, alpha) for part in parts)
        expected = {
            f"{part}.{module}.lora_{side}.weight"
            for part in parts
            for module in facts[f"{part}.target_modules"]
            for side in "AB"
        }
        assert names == expected
        assert len(names) == len(adapter_parameters(method.model.denoiser.module, adapter))


def test_equal_adapters_give_equal_bytes(kind: Kind, tmp_path: Path) -> None:
    facts = {"relation": "hugging", "method": "a"}
    for name, told in (("first", facts), ("second", dict(reversed(facts.items())))):
        (tmp_path / name).mkdir()
        learned(kind).save(tmp_path / name, told)
    for file in ("relation.safetensors", "ffn.safetensors"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()
