"""A graphics card at work: the rates that `plan` reckons with, kernels of attention, and training in every way.

    python -m benchmarks.card card.json                      # everything, perhaps a quarter of an hour on an H200
    python -m benchmarks.card card.json --only rates attention mochi-61
    python -m benchmarks.card card.json --profile mochi-61   # where the time of a step goes

Models have random weights, made on the card; loops, presets and ways to save memory are those of train_step.py. What is
measured is written after each part, so a run that is stopped keeps what it has. benchmarks/card_table.py makes a table
of it, beside what `plan` counts, on any machine.
"""

import argparse
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from benchmarks.train_step import LOOPS, PRESETS, Modes, benchmark, ours, timed
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention
from torch.profiler import ProfilerActivity, profile

from dreamrelation.files import appearing
from dreamrelation.forecast.cards import matrix_rate

DTYPE = torch.bfloat16
PROFILED = 3
"""Steps before the one that is looked into."""
ROWS = 40
"""Of a profile."""


@dataclass(frozen=True)
class Case:
    """One way to train one model."""

    preset: str
    loops: tuple[str, ...] = LOOPS
    checkpointing: int = 1
    precision: str = "bfloat16"
    stream: bool = False
    compile: bool = False
    steps: int = 10

    @property
    def modes(self) -> Modes:
        return Modes(self.checkpointing, self.precision, self.stream, self.compile)


TRIPLET = ("triplet",)
CASES = (
    Case("mochi-61"),
    Case("mochi-61", TRIPLET, compile=True),
    Case("mochi-61", TRIPLET, checkpointing=2),
    Case("mochi-61", TRIPLET, stream=True),
    Case("mochi-61", TRIPLET, precision="float8"),
    Case("mochi-61", TRIPLET, precision="int8"),
    Case("mochi-61", TRIPLET, precision="nf4"),
    Case("mochi-61", ("plain", "triplet"), checkpointing=0),
    Case("mochi-37", TRIPLET),
    Case("mochi-79", TRIPLET),
    Case("wan-1.3b", ("plain", "triplet")),
    Case("wan-14b", TRIPLET, steps=4),
)
"""The most telling ones first."""

SHAPES = {"mochi-61": (1, 24, 11 * 30 * 53 + 12, 128), "wan-14b": (1, 40, 21 * 30 * 52, 128)}
"""Preset → samples, heads, tokens and numbers of a head of its attention."""
KERNELS = {"flash_2": SDPBackend.FLASH_ATTENTION, "cudnn": SDPBackend.CUDNN_ATTENTION}


def seconds_of(work: Callable[[], object], times: int = 10) -> float:
    """Median, after two that do not count."""
    return statistics.median([timed(work, "cuda") for _ in range(times + 2)][2:])


def rates() -> dict[str, float]:
    """Operations, and bytes, a second."""
    size = 2**30
    held, pinned = torch.empty(size, dtype=torch.uint8), torch.empty(size, dtype=torch.uint8, pin_memory=True)
    there = torch.empty(size, dtype=torch.uint8, device="cuda")
    return {
        "matrix_product": matrix_rate("cuda", DTYPE),
        "matrix_product_float32": matrix_rate("cuda", torch.float32),
        "within_the_card": 2 * size / seconds_of(lambda: there.clone()),
        "from_pinned_memory": size / seconds_of(lambda: there.copy_(pinned, non_blocking=True)),
        "from_other_memory": size / seconds_of(lambda: there.copy_(held)),
    }


def attention(shape: tuple[int, int, int, int]) -> dict[str, Any]:
    """Seconds of a kernel forwards, and forwards and backwards, and how far its answer is from the first one's."""
    q, k, v = (torch.randn(shape, device="cuda", dtype=DTYPE, requires_grad=True) for _ in range(3))
    gradient = torch.randn_like(q)

    def forward() -> Tensor:
        return scaled_dot_product_attention(q, k, v)

    def both() -> None:
        forward().backward(gradient)

    found: dict[str, Any] = {}
    expected: Tensor | None = None
    samples, heads, tokens, width = shape
    flops = 4 * samples * heads * tokens**2 * width
    for name, kernel in [("torch's choice", None), *KERNELS.items()]:
        try:
            with sdpa_kernel(list(KERNELS.values()) if kernel is None else kernel):
                answer = forward().detach().float()
                expected = answer if expected is None else expected
                there, back = seconds_of(forward), seconds_of(both)
        except RuntimeError as error:
            found[name] = {"refused": str(error).splitlines()[0]}
            continue
        found[name] = {
            "forward_s": there,
            "both_s": back,
            "forward_rate": flops / there,
            "both_rate": 3.5 * flops / back,
            "difference": float((answer - expected).norm() / expected.norm()),
        }
    return found


def profiled(case: Case) -> str:
    """The kernels that took the most time in one step, and the step's length."""
    run = ours(PRESETS[case.preset], case.modes, "cuda", DTYPE, PROFILED + 2, triplet=True)
    with closing(run):  # type: ignore[type-var]
        for _ in range(PROFILED):
            next(run)
        torch.cuda.synchronize()
        with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as found:
            next(run)
            torch.cuda.synchronize()
    averages: Any = found.key_averages()
    return averages.table(sort_by="self_cuda_time_total", row_limit=ROWS, max_name_column_width=90)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="JSON; what an earlier run measured there is kept")
    parser.add_argument("--only", nargs="+", choices=["rates", "attention", *PRESETS], help="parts and presets")
    parser.add_argument("--profile", choices=list(PRESETS), help="only print where the time of a step of this one goes")
    parser.add_argument("--steps", type=int, help="of each loop, in the place of ten")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("no graphics card is here")
    warnings.simplefilter("ignore")
    if options.profile:
        print(profiled(Case(options.profile)))
        return
    told: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {}
    told |= {"card": torch.cuda.get_device_name(), "torch": torch.__version__, "cuda": torch.version.cuda}

    def keep(name: str, value: Any) -> None:
        told[name] = value
        with appearing(options.out) as beside:
            beside.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")

    def wanted(part: str) -> bool:
        return options.only is None or part in options.only

    if wanted("rates"):
        keep("rates", rates())
    if wanted("attention"):
        keep("attention", {name: attention(shape) for name, shape in SHAPES.items()})
    for case in CASES:
        if not wanted(case.preset):
            continue
        started = time.monotonic()
        steps = options.steps or case.steps
        found = benchmark(case.preset, case.modes, "cuda", steps, 2, False, case.loops)
        result = {"case": asdict(case), "runs": found["runs"], "seconds": time.monotonic() - started}
        keep("cases", [one for one in told.get("cases", []) if one["case"] != result["case"]] + [result])
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
