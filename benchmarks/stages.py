"""What each stage of a finished experiment cost, from the benchmarks that Snakemake wrote.

    python benchmarks/stages.py results/puppets > benchmarks/results/demo.md

Times depend on the machine and on what else ran: read them beside each other, as shares of the whole.
"""

import argparse
import csv
import json
import statistics
from pathlib import Path

LEAST_SHARE = 0.02


def measured(folder: Path) -> dict[str, list[dict[str, str]]]:
    """Stage → rows of its jobs' benchmark files."""
    stages: dict[str, list[dict[str, str]]] = {}
    for path in sorted((folder / "benchmarks").rglob("*.tsv")):
        stage = path.relative_to(folder / "benchmarks").parts[0].removesuffix(".tsv")
        with path.open(encoding="utf-8", newline="") as file:
            stages.setdefault(stage, []).extend(csv.DictReader(file, delimiter="\t"))
    if not stages:
        raise SystemExit(f"{folder}: found no benchmarks/*.tsv, expected the results of a finished run")
    return stages


def number(text: str) -> float:
    """A benchmark's value; jobs that end before they are looked at have none."""
    return float(text) if text not in ("NA", "-", "") else 0.0


def measurements(folder: Path) -> list[dict[str, object]]:
    """For the history: seconds of each stage, and its share of all; stages that take next to nothing are left out."""
    seconds = {stage: sum(number(row["s"]) for row in rows) for stage, rows in measured(folder).items()}
    shares = {stage: took / sum(seconds.values()) for stage, took in seconds.items()}
    return [
        {"quantity": stage, "value": seconds[stage], "unit": "s", "reference": "share of all", "ratio": share}
        for stage, share in shares.items()
        if share >= LEAST_SHARE
    ]


def main(folder: Path) -> None:
    stages = measured(folder)
    whole = sum(number(row["s"]) for rows in stages.values() for row in rows)
    print("| stage | jobs | seconds a job (median) | seconds in all | share | peak memory, MB |")
    print("|---|---|---|---|---|---|")
    for stage, rows in sorted(stages.items(), key=lambda item: -sum(number(row["s"]) for row in item[1])):
        seconds = [number(row["s"]) for row in rows]
        memory = max(number(row["max_rss"]) for row in rows)
        print(
            f"| {stage} | {len(rows)} | {statistics.median(seconds):.0f} | {sum(seconds):.0f} |"
            f" {sum(seconds) / whole:.0%} | {memory:.0f} |"
        )
    print(f"| all | {sum(map(len, stages.values()))} | | {whole:.0f} | 100% | |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="folder of the experiment's results")
    parser.add_argument("--measurements", action="store_true", help="JSON for benchmarks/history.py")
    options = parser.parse_args()
    if options.measurements:
        print(json.dumps(measurements(options.results)))
    else:
        main(options.results)
