"""What benchmarks/card.py measured on a graphics card, beside what `plan` counts for it, as Markdown.

    python -m benchmarks.card_table card.json > card.md

No card is needed; counting takes a minute for each model.
"""

import argparse
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.card import Case

from dreamrelation.config import load
from dreamrelation.forecast.cards import Card
from dreamrelation.forecast.counting import Counter
from dreamrelation.forecast.experiment import Forecaster
from dreamrelation.forecast.modes import Mode
from dreamrelation.forecast.work import Trial

REPOSITORY = Path(__file__).parents[1]
METHODS = {"ours": "direct_lora", "triplet": "dreamrelation"}
"""Loop → method whose steps it makes; the plain one is nobody's."""


@dataclass(frozen=True)
class Experiment:
    """The configuration that trains a preset's model, and where it differs."""

    config: str
    differs: dict[str, Any] = field(default_factory=dict)


WAN_14B = {"model": {"path": "Wan-AI/Wan2.1-T2V-14B-Diffusers"}}
EXPERIMENTS = {
    **{f"mochi-{n}": Experiment("ntu_mochi.yaml", {"clips": {"pixel_frames": [n]}}) for n in (37, 49, 61, 79)},
    "wan-1.3b": Experiment("ntu_wan.yaml", {"clips": {"pixel_frames": [81]}}),
    "wan-14b": Experiment("ntu_wan.yaml", {"clips": {"pixel_frames": [81]}, **WAN_14B}),
}


@cache
def forecaster(preset: str) -> Forecaster:
    known = EXPERIMENTS[preset]
    last = {**known.differs, "training": {"batch_size": 1}}
    experiment = load([REPOSITORY / "config.yaml", REPOSITORY / "configs" / known.config], last=last)
    return Forecaster(experiment, Counter(experiment.model, experiment.machine), Card("", 1, 1, ""), 1)


@cache
def counted(preset: str, loop: str) -> dict[Mode, Trial]:
    """Each way to train → its operations and bytes. Times and whether it fits are of no card."""
    found = forecaster(preset)
    settings: Any = found.experiment.methods[METHODS[loop]]
    trials, _ = found.ways_to_train(settings)
    return {trial.mode: trial for trial in trials}


def row(told: dict[str, Any], case: Case, loop: str, run: dict[str, Any]) -> str:
    """One line of the table."""
    mode = Mode(case.checkpointing, case.precision, case.stream)
    way = ("compiled, " if case.compile else "") + mode.settings
    trial = counted(case.preset, loop).get(mode) if loop in METHODS else None
    operations = f"{trial.flops / 1e12:.0f}" if trial else ""
    expected = f"{trial.memory / 2**30:.1f}" if trial else ""
    if "seconds" not in run:
        return f"| {case.preset} | {loop} | {way} | {operations} | {expected} | does not fit | | |"
    share = trial.flops / run["seconds"] / told["rates"]["matrix_product"] if trial else None
    reached = f"{100 * share:.0f} %" if share else ""
    return (
        f"| {case.preset} | {loop} | {way} | {operations} | {expected} | {run['peak_gib']:.1f} | {run['seconds']:.2f}"
        f" | {reached} |"
    )


def page(told: dict[str, Any]) -> str:
    rates = told["rates"]
    lines = [
        f"# {told['card']}, torch {told['torch']}",
        "",
        f"A large matrix product in bfloat16 ran at {rates['matrix_product'] / 1e12:.0f} · 10¹² operations a second,"
        f" one in float32 at {rates['matrix_product_float32'] / 1e12:.0f}. A copy within the card moved"
        f" {rates['within_the_card'] / 1e9:.0f} GB/s, read and written; from the host's pinned memory came"
        f" {rates['from_pinned_memory'] / 1e9:.0f} GB/s, from other memory {rates['from_other_memory'] / 1e9:.0f}.",
        "",
        "## Attention, bfloat16, without a mask",
        "",
        "| of | kernel | forwards, ms | and backwards, ms | 10¹² operations a second, forwards | both |",
        "|---|---|---|---|---|---|",
    ]
    for preset, kernels in told.get("attention", {}).items():
        for name, found in kernels.items():
            if "refused" in found:
                lines.append(f"| {preset} | {name} | {found['refused']} | | | |")
                continue
            times = f"{1e3 * found['forward_s']:.1f} | {1e3 * found['both_s']:.1f}"
            speeds = f"{found['forward_rate'] / 1e12:.0f} | {found['both_rate'] / 1e12:.0f}"
            lines.append(f"| {preset} | {name} | {times} | {speeds} |")
    lines += [
        "",
        "## A training step, batch 1",
        "",
        "Medians. Counted is what `dreamrelation plan` counts, the share is of the matrix product's rate.",
        "",
        "| preset | loop | way | 10¹² operations, counted | GiB, counted | GiB, measured | seconds | share |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for found in told.get("cases", []):
        given = found["case"]
        case = Case(**{**given, "loops": tuple(given["loops"])})
        lines += [row(told, case, loop, run) for loop, run in found["runs"].items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measured", type=Path)
    measured: Path = parser.parse_args().measured
    told = json.loads(measured.read_text(encoding="utf-8"))
    if "rates" not in told:
        raise SystemExit(
            f"{measured}: found no rates, expected them: python -m benchmarks.card {measured} --only rates"
        )
    print(page(told), end="")


if __name__ == "__main__":
    main()
