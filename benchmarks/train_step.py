"""Seconds, memory and operations of a training step: ours beside a plain loop of peft and diffusers, in one run.

    python benchmarks/train_step.py tiny                          # CPU, a minute
    python benchmarks/train_step.py mochi-61 --checkpointing 1    # full shapes, random weights made on the GPU
    python benchmarks/train_step.py depth                         # host time by the number of blocks

Both train the same adapters, direct LoRA on query, key, value and output, rank 16; `triplet` is DreamRelation's own.
Steps of all are taken in turns, so that what else the machine does meets each of them. Prints JSON: medians over the
steps, the ratio plain : ours, counted operations and their share of the rate of a large matrix product measured in the
same run.
"""

import argparse
import gc
import json
import platform
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast, get_args

import torch
from diffusers import MochiTransformer3DModel, WanTransformer3DModel
from peft import LoraConfig
from torch import nn

from dreamrelation.backbones.attention_kernels import use_attention_kernel
from dreamrelation.backbones.checkpointing import checkpoint_blocks
from dreamrelation.backbones.compilation import compile_blocks
from dreamrelation.backbones.interface import TextEmbeddings
from dreamrelation.backbones.mochi.attention import share_attention
from dreamrelation.backbones.mochi.denoiser import MochiDenoiser
from dreamrelation.backbones.mochi.layers import keep_inputs_only
from dreamrelation.backbones.mochi.spec import MOCHI
from dreamrelation.backbones.quantisation import quantise
from dreamrelation.backbones.statistics import LatentStatistics
from dreamrelation.backbones.streaming import BlockStream
from dreamrelation.backbones.wan.denoiser import WanDenoiser
from dreamrelation.backbones.wan.spec import WAN
from dreamrelation.costs.counted import Cost, cost_of, without_values
from dreamrelation.forecast.cards import matrix_rate
from dreamrelation.latents.cache import CachedClips
from dreamrelation.methods.interface import OpenModel
from dreamrelation.methods.lora.method import Lora
from dreamrelation.methods.lora.settings import LoraSettings
from dreamrelation.roles import ROLES
from dreamrelation.settings.machine import AttentionKernel
from dreamrelation.training.loop import Saving, Trainer
from dreamrelation.training.step import TrainingSetup

CAPTION = "A person is shaking hands with a person."
WORDS = 12
"""Tokens of the caption that count."""
LOOPS = ("plain", "ours", "triplet")


@dataclass(frozen=True)
class Preset:
    """A model and the latents of a clip."""

    backbone: str
    config: dict[str, Any]
    grid: tuple[int, int, int]
    text: tuple[int, int]
    """Length and width of a text's features."""
    batch: int = 1


def _small_mochi(blocks: int, heads: int) -> dict[str, Any]:
    width = {"num_attention_heads": heads, "attention_head_dim": 32, "pooled_projection_dim": 16 * heads}
    return {**width, "num_layers": blocks, "text_embed_dim": 64, "time_embed_dim": 64, "max_sequence_length": 32}


def _mochi(latent_frames: int) -> Preset:
    return Preset("mochi", {}, (latent_frames, 60, 106), (256, 4096))


WAN_1_3B = {"num_layers": 30, "num_attention_heads": 12, "ffn_dim": 8960}
PRESETS = {
    "tiny": Preset("mochi", _small_mochi(4, 4), (4, 8, 12), (32, 64), batch=4),
    "tiny-wide": Preset("mochi", _small_mochi(4, 12), (4, 8, 12), (32, 64), batch=4),
    "tiny-single": Preset("mochi", _small_mochi(4, 4), (4, 8, 12), (32, 64)),
    "mochi-37": _mochi(7),
    "mochi-49": _mochi(9),
    "mochi-61": _mochi(11),
    "mochi-79": _mochi(14),
    # 81 frames of 480 × 832 pixels
    "wan-1.3b": Preset("wan", WAN_1_3B, (21, 60, 104), (512, 4096)),
    "wan-14b": Preset("wan", {}, (21, 60, 104), (512, 4096)),
    **{f"depth-{n}": Preset("mochi", _small_mochi(n, 1), (2, 4, 4), (32, 64)) for n in (4, 8, 16, 32)},
}
"""Name → what is measured; the configurations of Mochi and Wan 14B are the defaults of diffusers' classes."""


def transformer_of(preset: Preset, device: str, dtype: torch.dtype) -> Any:
    """Random weights, made where they will be used."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            torch.manual_seed(0)
            model: Any = MochiTransformer3DModel if preset.backbone == "mochi" else WanTransformer3DModel
            return model(**preset.config).eval().requires_grad_(False)
    finally:
        torch.set_default_dtype(before)


def denoiser_of(preset: Preset, transformer: Any, device: str, dtype: torch.dtype) -> Any:
    """One of the package's denoisers around a transformer that comes from no file."""
    kind = MochiDenoiser if preset.backbone == "mochi" else WanDenoiser
    denoiser = kind.__new__(kind)
    denoiser.spec = MOCHI if preset.backbone == "mochi" else WAN
    denoiser.device, denoiser.dtype, denoiser.module = torch.device(device), dtype, transformer
    denoiser.channels, denoiser.fingerprint = int(transformer.config.in_channels), "random"
    if isinstance(denoiser, MochiDenoiser):
        denoiser.attention = share_attention(transformer)
        keep_inputs_only(transformer)
    channels = denoiser.channels
    LatentStatistics.__init__(denoiser, {"latents_mean": [0.0] * channels, "latents_std": [1.0] * channels})
    return denoiser


def blocks_of(preset: Preset, transformer: Any) -> list[nn.Module]:
    return list(transformer.transformer_blocks if preset.backbone == "mochi" else transformer.blocks)


class Texts:
    """The caption and the empty text, as a cache of embeddings answers."""

    def __init__(self, preset: Preset) -> None:
        length, width = preset.text
        self.embedding = torch.randn(1, length, width, generator=torch.Generator().manual_seed(1))
        self.counts = torch.arange(length)[None]

    def look_up(self, texts: list[str]) -> TextEmbeddings:
        lengths = torch.tensor([[WORDS if text else 0] for text in texts])
        return TextEmbeddings(self.embedding.expand(len(texts), -1, -1), self.counts < lengths)


def clips_of(preset: Preset, channels: int, count: int = 8) -> CachedClips:
    shape = (count, channels, *preset.grid)
    generator = torch.Generator().manual_seed(2)
    return CachedClips(
        clips=[f"clip{n}" for n in range(count)],
        captions=[CAPTION] * count,
        mean=torch.randn(shape, generator=generator),
        std=torch.full(shape, 0.1),
        masks={role: torch.rand(count, *preset.grid, generator=generator) for role in ROLES},
    )


@dataclass(frozen=True)
class Modes:
    """What saves memory or time in ours; the plain loop has checkpointing alone."""

    checkpointing: int
    precision: str
    stream: bool
    compile: bool
    attention: AttentionKernel = "auto"


def ours(preset: Preset, modes: Modes, device: str, dtype: torch.dtype, steps: int, triplet: bool) -> Iterator[None]:
    """Each `next` is a step of our trainer."""
    transformer = transformer_of(preset, device, dtype)
    blocks = blocks_of(preset, transformer)
    if modes.precision in ("int8", "float8", "nf4"):
        quantise(blocks, modes.precision, dtype, torch.device(device))
    if modes.compile:
        compile_blocks(blocks)
    if modes.stream:
        BlockStream(blocks, torch.device(device))
    use_attention_kernel(blocks, modes.attention, torch.device(device), dtype)
    if modes.checkpointing:
        checkpoint_blocks(transformer, blocks, modes.checkpointing)
    denoiser = denoiser_of(preset, transformer, device, dtype)
    direct: dict[str, Any] = {
        "placement": {"direct": ("query", "key", "value", "output")},
        "inference_adapters": ("direct",),
        "hybrid_masks": False,
        "contrastive": None,
    }
    shared = {"batch_size": preset.batch, "steps": steps, "warmup_steps": 0}
    settings = LoraSettings.model_validate({**shared, **({} if triplet else direct)})
    method = Lora(settings)
    model = cast(OpenModel, SimpleNamespace(denoiser=denoiser, texts=Texts(preset)))
    method.attach(model, preset.grid, 0)
    setup = TrainingSetup(denoiser, clips_of(preset, denoiser.channels), method, True, 1.0)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(setup, settings, 0, Saving(Path(folder), "benchmark", 10**6), "benchmark")
        with closing(trainer.prepared_from(0)) as prepared:
            for _ in range(steps):
                trainer.train_step(prepared)
                yield


def plain(preset: Preset, modes: Modes, device: str, dtype: torch.dtype, steps: int) -> Iterator[None]:
    """Each `next` is a step of the loop that the examples of peft and diffusers show."""
    transformer = transformer_of(preset, device, dtype)
    if modes.checkpointing:
        transformer.enable_gradient_checkpointing()
    layers = ["to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out"]
    names = [n for n, _ in transformer.named_modules() if n.endswith(tuple(layers)) and "attn1" in n]
    transformer.add_adapter(LoraConfig(r=16, lora_alpha=16, target_modules=names))
    trained = [p for p in transformer.parameters() if p.requires_grad]
    for parameter in trained:
        parameter.data = parameter.data.float()
    optimizer = torch.optim.AdamW(trained, lr=2e-4, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    data, texts = clips_of(preset, int(transformer.config.in_channels)), Texts(preset)
    autocast = torch.autocast(device, dtype, enabled=dtype != torch.float32)
    for step in range(steps):
        rows = [(step * preset.batch + n) % len(data) for n in range(preset.batch)]
        clean = data.sample(rows, torch.randn(preset.batch, *data.mean.shape[1:])).to(device)
        noise, sigma = torch.randn_like(clean), torch.rand(preset.batch, device=device)
        level = sigma.view(-1, 1, 1, 1, 1)
        noisy = ((1 - level) * clean + level * noise).to(dtype)
        text = texts.look_up([CAPTION] * preset.batch).to(torch.device(device), dtype)
        given: dict[str, Any] = {"timestep": 1000 * (1 - sigma), "encoder_hidden_states": text.embedding}
        if preset.backbone == "mochi":
            given["encoder_attention_mask"] = text.attention_mask
        with autocast:
            predicted = transformer(hidden_states=noisy, **given, return_dict=False)[0]
        loss = nn.functional.mse_loss(predicted.float(), clean - noise)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1e9)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        loss.item()
        yield


def counted(preset: Preset, modes: Modes, dtype: torch.dtype) -> Cost:
    """Operations and memory of one step of direct LoRA, without values."""
    fake = without_values()
    with fake:
        transformer = transformer_of(preset, "cpu", dtype)
    if modes.checkpointing:
        checkpoint_blocks(transformer, blocks_of(preset, transformer), modes.checkpointing)
    denoiser = denoiser_of(preset, transformer, "cpu", dtype)
    settings = LoraSettings(
        placement={"direct": ("query", "key", "value", "output")},
        inference_adapters=("direct",),
        hybrid_masks=False,
        contrastive=None,
    )
    method = Lora(settings)
    with fake:
        method.attach(cast(OpenModel, SimpleNamespace(denoiser=denoiser)), preset.grid, 0)
    method.activate(None)
    text = Texts(preset).look_up([CAPTION] * preset.batch)
    with fake:
        noisy = torch.randn(preset.batch, denoiser.channels, *preset.grid)
        sigma = torch.rand(preset.batch)

    def step() -> None:
        (denoiser.velocity(noisy, sigma, text) - noisy).square().mean().backward()

    return cost_of(step, [*transformer.parameters(), *transformer.buffers()])


def timed(work: Callable[[], object], device: str) -> float:
    """Seconds, the GPU's work included."""
    _wait(device)
    started = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - started


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def measured(runs: dict[str, Iterator[None]], steps: int, warm: int, device: str) -> dict[str, dict[str, Any]]:
    """Median, least and most seconds of a step of each, taken in turns after some that do not count."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for step in range(warm + steps):
        for name, run in runs.items():
            seconds = timed(lambda run=run: next(run), device)
            if step >= warm:
                times[name].append(seconds)
    return {
        name: {"seconds": statistics.median(some), "least": min(some), "most": max(some), "steps": len(some)}
        for name, some in times.items()
    }


def one_after_the_other(makers: dict[str, Callable[[], Iterator[None]]], steps: int, warm: int) -> dict[str, Any]:
    """On a GPU one model fits at a time; each with its peak memory."""
    found: dict[str, Any] = {}
    for name, make in makers.items():
        gc.collect()  # modules are cycles: the model before stays until somebody looks
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        try:
            (found[name],) = measured({name: make()}, steps, warm, "cuda").values()
            found[name]["peak_gib"] = torch.cuda.max_memory_allocated() / 2**30
        except torch.OutOfMemoryError as error:
            found[name] = {"out_of_memory": str(error).splitlines()[0]}
    return found


def benchmark(
    name: str, modes: Modes, device: str, steps: int, warm: int, count: bool, loops: tuple[str, ...] = LOOPS
) -> dict[str, Any]:
    """All that is measured of one preset."""
    preset = PRESETS[name]
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    total = steps + warm + 1
    makers: dict[str, Callable[[], Iterator[None]]] = {
        "plain": lambda: plain(preset, modes, device, dtype, total),
        "ours": lambda: ours(preset, modes, device, dtype, total, triplet=False),
        "triplet": lambda: ours(preset, modes, device, dtype, total, triplet=True),
    }
    makers = {loop: makers[loop] for loop in loops}
    if device == "cuda":
        found = one_after_the_other(makers, steps, warm)
    else:
        found = measured({key: make() for key, make in makers.items()}, steps, warm, device)
    answer: dict[str, Any] = {"preset": name, "modes": asdict(modes), "runs": found}
    if all("seconds" in found.get(key, {}) for key in ("plain", "ours")):
        answer["plain_to_ours"] = found["plain"]["seconds"] / found["ours"]["seconds"]
    if count:
        rate = matrix_rate(device, dtype)
        cost = counted(preset, modes, dtype)
        answer |= {"counted_flops": cost.flops, "counted_peak_gib": cost.peak_bytes / 2**30, "matrix_rate": rate}
        if "seconds" in found.get("ours", {}):
            answer["share_of_matrix_rate"] = cost.flops / found["ours"]["seconds"] / rate
    return answer


def measurements(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For the history: a step of each loop, and how many times as fast as the plain one ours are."""
    found = []
    for result in results:
        seconds = {name: run["seconds"] for name, run in result["runs"].items() if "seconds" in run}
        for name, took in seconds.items():
            one = {"quantity": f"{result['preset']}, {name}", "value": took, "unit": "s"}
            if name != "plain" and "plain" in seconds:
                one |= {"reference": f"plain : {name}", "ratio": seconds["plain"] / took}
            found.append(one)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", choices=[*PRESETS, "depth"])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warm", type=int, default=2, help="steps before those that count")
    parser.add_argument("--checkpointing", type=int, default=0, help="of every n-th block; 0: none")
    parser.add_argument("--precision", choices=["bfloat16", "int8", "float8", "nf4"], default="bfloat16")
    parser.add_argument("--stream", action="store_true", help="weights from the host's memory")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--attention", choices=get_args(AttentionKernel), default="auto", help="of ours")
    parser.add_argument("--measurements", action="store_true", help="JSON for benchmarks/history.py")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    modes = Modes(options.checkpointing, options.precision, options.stream, options.compile, options.attention)
    names = [n for n in PRESETS if n.startswith("depth-")] if options.preset == "depth" else [options.preset]
    results = [benchmark(n, modes, device, options.steps, options.warm, options.preset != "depth") for n in names]
    if options.measurements:
        json.dump(measurements(results), sys.stdout)
        return
    machine = torch.cuda.get_device_name() if device == "cuda" else platform.processor() or platform.machine()
    told = {"machine": machine, "threads": torch.get_num_threads(), "torch": torch.__version__, "results": results}
    json.dump(told, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
