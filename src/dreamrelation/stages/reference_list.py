"""`dreamrelation reference-list`: some videos of a folder, chosen by a seed, as a reference set for metrics.

The same folder, count and seed give the same list on every machine, so that a set which must not be passed on can be
told by its recipe.
"""

import csv
import os
from itertools import islice
from pathlib import Path

import numpy as np

from dreamrelation.errors import UserError
from dreamrelation.files import appearing, file_sha256
from dreamrelation.metrics.set_distances.reference import COLUMNS
from dreamrelation.progress import progress
from dreamrelation.video import decode

SUFFIXES = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm"})


def run(*, folder: Path, count: int, seed: int, frames: int, output: Path) -> list[str]:
    """Write the list; gives the videos that were passed over, with the reason of each.

    Videos are shuffled in the order of their paths, and the first `count` that have at least so many frames are taken.
    Raises UserError where there are not enough.
    """
    if count < 2 or frames < 1:
        raise UserError(f"--count is {count} and --frames {frames}, expected at least 2 and 1")
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder, expected one with videos")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    order = np.random.default_rng([seed, *b"reference list"]).permutation(len(found))
    chosen: list[Path] = []
    passed_over: list[str] = []
    for number in progress(list(order), len(order), f"choosing {count} of {len(found)} videos"):
        if len(chosen) == count:
            break
        reason = unusable(found[number], frames)
        if reason:
            passed_over.append(reason)
        else:
            chosen.append(found[number])
    if len(chosen) < count:
        reasons = f"; passed over, among others: {passed_over[0]}" if passed_over else ""
        raise UserError(f"{folder}: found {len(chosen)} videos of {frames} frames or more, expected {count}{reasons}")
    # From the list's folder, so that both can be moved together.
    home = output.resolve().parent
    rows = [(os.path.relpath(path.resolve(), home), file_sha256(path)) for path in chosen]
    with appearing(output) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
    print(f"{output}: {len(chosen)} of {len(found)} videos, {len(passed_over)} passed over")
    for reason in passed_over:
        print(f"  {reason}")
    return passed_over


def unusable(path: Path, frames: int) -> str:
    """Why a video is not taken; empty where it is."""
    try:
        found = sum(1 for _ in islice(decode(path), frames))
    except UserError as error:
        return str(error)
    return "" if found == frames else f"{path}: found {found} frames, expected at least {frames}"
