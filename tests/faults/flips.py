"""One bit of one file is flipped, and a stage that reads the file is run: does anybody notice?

    .venv/bin/python -m tests.faults.flips [--tries 12] [--seed 1] [--only latents memo] [--reference FOLDER]

Prints for each kind of file how often the flip was noticed with the file's name, how often it was harmless (all outputs
have the bytes that they have without it), how often it was read as other data, and how often a command died of it.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.baseline import Baseline, make_baseline
from tests.faults.commands import StageCommand
from tests.faults.compared import differences, digests
from tests.faults.in_process import Outcome, nothing, run_stage
from tests.faults.small_run import finished_run

from dreamrelation.training.loop import Trainer
from dreamrelation.training.step import PreparedPass

NOTICED, HARMLESS, OTHER_DATA, UNNAMED, TRACEBACK = (
    "noticed and named",
    "harmless",
    "read as other data",
    "noticed, not named",
    "traceback",
)
OUTCOMES = (NOTICED, HARMLESS, OTHER_DATA, UNNAMED, TRACEBACK)
BAD = (OTHER_DATA, UNNAMED, TRACEBACK)
KINDS = {
    "memo": "clips/memo.jsonl",
    "index": "clips/index.parquet",
    "selection": "clips/selection.parquet",
    "masks": "*/masks.parquet",
    "rejections": "*/rejections.parquet",
    "contact sheet": "*/masks.png",
    "captions": "captions.parquet",
    "latents": "*/latents.parquet",
    "prompts": "*/prompts.parquet",
    "adapters": "*/*/adapters/*.safetensors",
    "adapters' list": "*/*/adapters.json",
    "snapshots": "*/*/adapters/step_*/*",
    "training": "*/*/training.parquet",
    "state": "*/*/resume/state.pt",
    "snapshots to go on with": "**/resume/snapshots/*/step_*/*",
    "unfinished video": "**/unfinished_videos/*/*.mp4",
    "unfinished video's row": "**/unfinished_videos/*/*.json",
    "videos": "*/*/videos/*.mp4",
    "videos' table": "*/*/videos.parquet",
    "scores": "*/*/scores/*.parquet",
    "controls": "*/controls/*.parquet",
    "evaluation": "*/evaluation.json",
    "comparison": "tables/comparison.csv",
    "differences": "tables/differences.csv",
    "what was learned": "*/*/learned.*",
    "subspaces": "analysis/subspaces.*",
    "digests": "digests.json",
    "settings beside": "**/*.settings.yaml",
    "listings": "**/*.sha256",
}
"""Kind of file → where it lies below the experiment's results."""


@dataclass(frozen=True)
class Try:
    """One flipped bit and what came of it."""

    file: str
    bit: int
    command: str
    outcome: str
    told: str


def flip(path: Path, bit: int) -> None:
    """Flip one bit; the file's time stays, as where a disk forgets."""
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.unlink()  # it may be shared with other copies
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def readers(baseline: Baseline, path: str) -> list[StageCommand]:
    """Commands that read a file; of the digests of large files, any that asks for one."""
    if path.endswith("/digests.json"):
        return [command for command in baseline.commands if command.stage in ("captions", "latents", "evaluate")]
    return [command for command in baseline.commands if command.reads(path)]


def try_flip(baseline: Baseline, path: str, draws: random.Random, folder: Path) -> Try | None:
    """Flip a bit of a copy and run a command that reads it; None where nobody reads the file, or it is empty."""
    found = readers(baseline, path)
    size = (baseline.folder / path).stat().st_size
    if not found or not size:
        return None
    stage = draws.choice(sorted({command.stage for command in found}))
    command = draws.choice([command for command in found if command.stage == stage])
    bit = draws.randrange(8 * size)
    copy = baseline.copy(folder)
    flip(copy.folder / path, bit)
    outcome = run_stage(copy.folder, command.words)
    told = outcome_of(baseline, copy, path, outcome)
    shutil.rmtree(folder)
    return Try(path, bit, command.name, told, outcome.told[-2000:])


def outcome_of(baseline: Baseline, copy: Baseline, path: str, outcome: Outcome) -> str:
    """One of OUTCOMES."""
    if outcome.status == 0:
        flipped = str(Path(path).relative_to(*Path(path).parts[:2]))
        results = [item for item in differences(expected_of(baseline), digests(copy.results)) if flipped not in item]
        return OTHER_DATA if [item for item in results if not of_the_past(item)] else HARMLESS
    if outcome.has_traceback or outcome.status > 127:
        return TRACEBACK
    return NOTICED if Path(path).name in outcome.told else UNNAMED


def expected_of(baseline: Baseline) -> dict[str, str]:
    """What the results are without the flip, and without what a stopped job goes on from."""
    return {name: digest for name, digest in baseline.digests().items() if not of_the_past(name)}


def of_the_past(name: str) -> bool:
    """Whether this is of what a stopped job goes on from, which is gone after it went on."""
    return "/resume/" in name or "/unfinished_videos/" in name


def stop_halfway(baseline: Baseline) -> None:
    """Leave a training's state, a snapshot and some unfinished videos beside the finished ones."""
    stops = {"train": ((), stopped_after_snapshot, 143), "generate": (("--minutes", "0.0001"), nothing, 75)}
    for stage, (words, world, status) in stops.items():
        command = next(one for one in baseline.commands if one.stage == stage and "dreamrelation" in one.name)
        outcome = run_stage(baseline.folder, (*command.words, *words), world)
        if outcome.status != status:
            raise RuntimeError(f"{command.name} ended with {outcome.status}, expected {status}:\n{outcome.told}")


def stopped_after_snapshot() -> None:
    """In a training: SIGTERM after the step that follows that of its only snapshot."""
    whole = Trainer.train_step

    def train_step(self: Trainer, prepared: Iterator[PreparedPass]) -> None:
        whole(self, prepared)
        if self.step == 5:
            os.kill(os.getpid(), signal.SIGTERM)

    Trainer.train_step = train_step


def of_kind(baseline: Baseline, kind: str) -> list[str]:
    """Files of a kind, as paths below the checkout."""
    found = baseline.results.glob(KINDS[kind])
    return sorted(str(path.relative_to(baseline.folder)) for path in found if path.is_file())


def tries_of(
    baseline: Baseline, kind: str, count: int, seed: int, work: Path, tell: Callable[[Try], None]
) -> Counter[str]:
    """Outcome → how often, of `count` flips in files of a kind."""
    counted: Counter[str] = Counter()
    paths = of_kind(baseline, kind)
    for number in range(count if paths else 0):
        draws = random.Random(f"{seed}-{kind}-{number}")
        tried = try_flip(baseline, draws.choice(paths), draws, work / "copy")
        if tried is None:
            continue
        counted[tried.outcome] += 1
        if tried.outcome in BAD:
            tell(tried)
    return counted


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=12, help="of each kind of file; default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--only", nargs="+", default=list(KINDS), choices=list(KINDS), metavar="KIND")
    parser.add_argument("--reference", type=Path, help="checkout with a finished tiny run; default: one is made")
    options = parser.parse_args()
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="flips_") as temporary:
        work = Path(temporary).resolve()
        baseline = make_baseline(finished_run(options.reference, work), work / "baseline")
        stop_halfway(baseline)
        print(" | ".join(["| kind", "tries", *OUTCOMES]) + " |\n" + "|---" * (len(OUTCOMES) + 2) + "|", flush=True)
        for kind in options.only:
            counted = tries_of(baseline, kind, options.tries, options.seed, work, show)
            total += counted
            row = [f"| {kind}", str(counted.total()), *(str(counted[outcome]) for outcome in OUTCOMES)]
            print(" | ".join(row) + " |", flush=True)
    bad = sum(total[outcome] for outcome in BAD)
    print(f"{total.total()} tries, of which {bad} went wrong")
    return 1 if bad else 0


def show(tried: Try) -> None:
    """Tell on stderr of a flip that was not noticed as it should be."""
    last = tried.told.strip().splitlines()[-1:] or [""]
    print(f"{tried.outcome}: bit {tried.bit} of {tried.file}, read by {tried.command}: {last[0]}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
