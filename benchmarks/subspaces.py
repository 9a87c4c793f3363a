"""Exact beside randomized: the leading left singular vectors of matrices as large as a transformer's.

    python benchmarks/subspaces.py > benchmarks/results/subspaces.md

Prints medians of several runs, taken in turn, and how far off the randomized way was and said to be.
"""

import argparse
import json
import os
import time
from statistics import median

import torch
from torch import Tensor

from dreamrelation.analysis.subspaces import Leading, exact, randomized, similarities


def weights(size: int, seed: int, falling: float) -> Tensor:
    """A square matrix whose singular values fall as those of trained weights: fast at first, then slowly."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(size, size, generator=generator) / size**0.5
    few = 64
    left, right = (torch.linalg.qr(torch.randn(size, few, generator=generator)).Q for _ in range(2))
    return noise + (left * (20 * falling ** torch.arange(few))) @ right.T


def timed(decompose, matrix: Tensor, rank: int) -> tuple[Leading, float]:
    started = time.perf_counter()
    found = decompose(matrix, rank)
    return found, time.perf_counter() - started


def measurements(seconds: dict[str, list[float]]) -> list[dict[str, object]]:
    """For the history: medians, and how many times as fast the randomized way is."""
    exactly, randomly = median(seconds["exact"]), median(seconds["randomized"])
    compared = {"reference": "exact : randomized", "ratio": exactly / randomly}
    return [
        {"quantity": "exact", "value": exactly, "unit": "s"},
        {"quantity": "randomized", "value": randomly, "unit": "s", **compared},
    ]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", type=int, default=3072)
    options.add_argument("--rank", type=int, default=32)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--measurements", action="store_true", help="JSON for benchmarks/history.py")
    given = options.parse_args()
    one, other = (weights(given.size, seed, 0.95) for seed in (1, 2))
    seconds: dict[str, list[float]] = {"exact": [], "randomized": []}
    curves = {}
    for _ in range(given.runs):
        for name, decompose in (("exact", exact), ("randomized", randomized)):
            first, took = timed(decompose, one, given.rank)
            seconds[name].append(took)
            curves[name] = similarities(first, decompose(other, given.rank)) if name not in curves else curves[name]
    if given.measurements:
        print(json.dumps(measurements(seconds)))
        return
    off = abs(curves["randomized"][0] - curves["exact"][0]).max()
    print("# Subspaces: exact beside randomized\n")
    print(
        f"{given.size} × {given.size}, {given.rank} vectors, {torch.get_num_threads()} threads on"
        f" {os.cpu_count()} processors, median of {given.runs} runs taken in turn. `python benchmarks/subspaces.py`\n"
    )
    print("| way | seconds |\n|---|---|")
    for name, took in seconds.items():
        print(f"| {name} | {median(took):.2f} |")
    print(f"\nExact : randomized = {median(seconds['exact']) / median(seconds['randomized']):.1f} : 1.")
    print(f"Largest difference of a similarity: {off:.2e}; said to be at most {curves['randomized'][1].max():.2e}.")


if __name__ == "__main__":
    main()
