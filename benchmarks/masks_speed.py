"""How many frames a second are segmented, and how long the segmenter waits for the next clip's frames.

    snakemake results/puppets/clips/selection.parquet
    python benchmarks/masks_speed.py --config config.yaml --selection results/puppets/clips/selection.parquet

With any experiment's configuration and selection. Clips are read once one after the other, and once ahead in a thread,
as the masks stage does it. `--random FOLDER` takes random weights of the official sizes for `grounded_sam`, and writes
them there: they find nothing of use, but take as long.
"""

import argparse
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import BertConfig, BertTokenizerFast  # pyright: ignore[reportAttributeAccessIssue]

from dreamrelation.ahead import ahead
from dreamrelation.config import load
from dreamrelation.devices import choose_device
from dreamrelation.segmentation.detectors.grounding_dino import build_detector
from dreamrelation.segmentation.detectors.settings import GroundingDinoSettings
from dreamrelation.segmentation.grounded_sam.architecture import build_sam
from dreamrelation.segmentation.grounded_sam.settings import GroundedSamSettings
from dreamrelation.segmentation.interface import ClipView, Segmenter, UnusableClip
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.settings.stages import MasksStage
from dreamrelation.stages.masks import clip_view, working_size
from dreamrelation.tables.rows import SELECTION, SelectedClip

WARM_UP = 1
"""Clips that are not counted."""
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "person"]


@dataclass(frozen=True)
class Times:
    """Of one run over all clips, in seconds."""

    waited: float
    worked: float
    frames: int

    @property
    def frames_per_second(self) -> float:
        return self.frames / (self.waited + self.worked)

    @property
    def waiting_share(self) -> float:
        return self.waited / (self.waited + self.worked)


def run(segmenter: Segmenter, views: Iterable[ClipView], device: torch.device) -> Times:
    """Segment all clips but the first, whose work warms up, and look at the clock before and after each."""
    waited = worked = 0.0
    frames = 0
    before = time.perf_counter()
    for number, view in enumerate(views):
        got = time.perf_counter()
        with suppress(UnusableClip):  # it takes its time all the same
            segmenter.segment(view)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        done = time.perf_counter()
        if number >= WARM_UP:
            waited, worked, frames = waited + got - before, worked + done - got, frames + len(view.frames)
        before = time.perf_counter()
    return Times(waited, worked, frames)


def one_by_one(clips: list[SelectedClip], size: tuple[int, int]) -> Iterator[ClipView]:
    for clip in clips:
        yield clip_view(clip, *size)


def with_random_weights(settings: GroundedSamSettings, folder: Path) -> GroundedSamSettings:
    """The same with checkpoints of random weights, written to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "text_encoder"
    text.mkdir(exist_ok=True)
    (text / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    BertTokenizerFast(vocab=str(text / "vocab.txt")).save_pretrained(text)
    BertConfig(vocab_size=len(WORDS)).save_pretrained(text)
    found = GroundingDinoSettings.model_validate(
        settings.detector.model_dump() | {"text_encoder": str(text), "checkpoint": str(folder / "detector.pth")}
    )
    torch.save({"model": build_detector(found).state_dict()}, found.checkpoint)
    torch.save(build_sam(settings.architecture).state_dict(), folder / "sam.pth")
    return settings.model_copy(update={"detector": found, "checkpoint": str(folder / "sam.pth")})


def measurements(found: dict[str, Times]) -> list[dict[str, object]]:
    """For the history: frames a second of either way of reading, and the second beside the first."""
    rates = {name: times.frames_per_second for name, times in found.items()}
    (before, slow), (name, fast) = rates.items()
    compared = {"reference": f"{name} : {before}", "ratio": fast / slow}
    return [
        {"quantity": before, "value": slow, "unit": "frames/s"},
        {"quantity": name, "value": fast, "unit": "frames/s", **compared},
    ]


def main(config: list[Path], selection: Path, most: int, random: Path | None, as_measurements: bool) -> None:
    experiment = load(config)
    settings = MasksStage.of(experiment)
    kind: Any = settings.masks.segmenter
    if random is not None:
        if not isinstance(kind, GroundedSamSettings):
            raise SystemExit(f"--random: found the segmenter {kind.kind!r}, expected grounded_sam")
        kind = with_random_weights(kind, random)
    machine: MachineSettings = experiment.machine
    segmenter: Segmenter = implementation_of(kind)(kind, machine)
    clips = SELECTION.read(selection)[:most]
    size, device = working_size(settings), choose_device(machine.device)
    ways = {"one after the other": one_by_one(clips, size), "ahead": ahead(lambda clip: clip_view(clip, *size), clips)}
    found = {name: run(segmenter, views, device) for name, views in ways.items()}
    if as_measurements:
        print(json.dumps(measurements(found)))
        return
    frames = f"{clips[0].pixel_frames} frames of {size[1]} × {size[0]}"
    print(f"{kind.kind}, {len(clips) - WARM_UP} clips of {frames}, {device}")
    print()
    print("| clips are read | frames a second | waiting |")
    print("|---|---|---|")
    for name, times in found.items():
        print(f"| {name} | {times.frames_per_second:.1f} | {100 * times.waiting_share:.1f} % |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", nargs="+", type=Path, required=True)
    parser.add_argument("--selection", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=30)
    parser.add_argument("--random", type=Path, metavar="FOLDER")
    parser.add_argument("--measurements", action="store_true", help="JSON for benchmarks/history.py")
    options = parser.parse_args()
    main(options.config, options.selection, options.clips, options.random, options.measurements)
