"""Each stage on a disk that is full, that becomes full, that cannot be written to, and with inputs that it cannot read.

.venv/bin/python -m tests.faults.full_disk [--only latents train] [--reference FOLDER]
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from tests.faults import worlds
from tests.faults.baseline import Baseline, make_baseline
from tests.faults.commands import StageCommand
from tests.faults.compared import differences, digests
from tests.faults.in_process import Outcome, in_child, run_stage
from tests.faults.small_run import finished_run

from dreamrelation.files import remove

FAULTS = ("full", "becomes full", "read-only", "unreadable input")
WORDS = {
    "full": "no space left on device",
    "becomes full": "no space left on device",
    "read-only": "read-only file system",
    "unreadable input": "permission denied",
}
"""What the message must tell, in small letters."""
DISK_BYTES = 256 << 20


@dataclass(frozen=True)
class Case:
    """One stage that met one fault."""

    command: str
    fault: str
    message: str
    wrong: list[str]
    """What was not as it should be."""


def try_fault(baseline: Baseline, command: StageCommand, fault: str, folder: Path) -> Case:
    """Run a command under a fault, then without it; in a child whose mounts are its own."""
    told = in_child(lambda: json.dumps(asdict(_tried(baseline, command, fault, folder))))
    return Case(**json.loads(told))


def _tried(baseline: Baseline, command: StageCommand, fault: str, folder: Path) -> Case:
    worlds.own_mounts()
    folder.mkdir(parents=True)
    worlds.small_disk(folder, DISK_BYTES)
    copy = baseline.copy(folder / "copy", share=False)
    expected = baseline.digests()
    written = copy.files_of(command)
    half = sum(path.stat().st_size for path in written) // 2
    for path in [*written, *(copy.folder / output for output in command.outputs)]:
        remove(path)
    before = digests(copy.results)
    outcome = _run_with(copy, command, fault, half)
    wrong = list(faults_of(copy, command, fault, outcome, before))
    again = run_stage(copy.folder, command.words)
    if again.status != 0:
        wrong.append(f"afterwards it ended with {again.status}: {again.message}")
    wrong += [f"afterwards {difference}" for difference in differences(expected, digests(copy.results))]
    return Case(command.name, fault, outcome.message, wrong)


def _run_with(copy: Baseline, command: StageCommand, fault: str, left_bytes: int) -> Outcome:
    """`left_bytes`: on the disk that becomes full."""
    if fault == "read-only":
        worlds.read_only(copy.folder / "results")
        outcome = run_stage(copy.folder, command.words)
        worlds.writable(copy.folder / "results")
        return outcome
    if fault == "unreadable input":
        return _run_without_rights(copy, command)
    filler = worlds.fill(copy.folder.parent, 0 if fault == "full" else left_bytes)
    outcome = run_stage(copy.folder, command.words)
    filler.unlink()
    return outcome


def _run_without_rights(copy: Baseline, command: StageCommand) -> Outcome:
    """With the first input that matters: not every one is opened by the stage that depends on it."""
    outcome = Outcome(0, "no input is opened")
    for path in input_files(copy, command):
        mode = path.stat().st_mode
        path.chmod(0)
        try:
            outcome = run_stage(copy.folder, command.words, worlds.without_superpowers)
        finally:
            path.chmod(mode)
        if outcome.status != 0:
            break
    return outcome


def input_files(copy: Baseline, command: StageCommand) -> list[Path]:
    """A file of each input of a command, those among the results first."""
    places = sorted((name for name in command.inputs if name), key=lambda name: not name.startswith("results/"))
    paths = [copy.folder / name for name in places]
    return [min(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else path for path in paths]


def faults_of(
    copy: Baseline, command: StageCommand, fault: str, outcome: Outcome, before: dict[str, str]
) -> Iterator[str]:
    """What is not as it should be after a run that met a fault."""
    if outcome.status == 0:
        yield "ended well"
        return
    if outcome.has_traceback:
        yield "a traceback"
    elif not outcome.message.startswith(f"dreamrelation {command.stage}: "):
        yield f"the last line is no message: {outcome.message!r}"
    if WORDS[fault] not in outcome.message.lower():
        yield f"the message does not say {WORDS[fault]!r}: {outcome.message!r}"
    if "results/" not in outcome.message and "data/" not in outcome.message:
        yield f"the message names no path: {outcome.message!r}"
    after = digests(copy.results)
    lost = differences(before, {name: after.get(name, "") for name in before})
    yield from (f"an earlier output {difference}" for difference in lost)
    outputs = [PurePosixPath(output) for output in command.outputs]
    named = [path for path in outputs if (copy.folder / path).exists()]
    beside = any((copy.folder / path.with_name(f"{path.stem}.settings.yaml")).exists() for path in outputs)
    if named and not beside:
        yield f"left without settings: {', '.join(map(str, named))}"
    yield from (f"left: {path.name}" for path in copy.results.rglob(".part-*"))


def chosen_commands(baseline: Baseline, only: list[str]) -> list[StageCommand]:
    """The first job of each stage, or of those that are named."""
    first: dict[str, StageCommand] = {}
    for command in baseline.commands:
        first.setdefault(command.stage, command)
    return [command for stage, command in first.items() if not only or stage in only]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[], metavar="STAGE", help="default: every stage")
    parser.add_argument("--faults", nargs="+", default=FAULTS, choices=FAULTS, help="default: all")
    parser.add_argument("--reference", type=Path, help="checkout with a finished tiny run; default: one is made")
    options = parser.parse_args()
    reason = worlds.why_not()
    if reason is not None:
        print(f"skipped: {reason}")
        return 0
    with tempfile.TemporaryDirectory(prefix="full_disk_") as temporary:
        work = Path(temporary).resolve()
        baseline = make_baseline(finished_run(options.reference, work), work / "baseline")
        wrong = 0
        for command in chosen_commands(baseline, options.only):
            for number, fault in enumerate(options.faults):
                case = try_fault(baseline, command, fault, work / f"{command.stage}_{number}")
                wrong += bool(case.wrong)
                print(f"{command.stage}, {fault}: {'; '.join(case.wrong) or 'well: ' + case.message}", flush=True)
    print(f"{wrong} tries went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
