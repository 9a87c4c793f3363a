"""A finished run whose stages were all run in this process's children, and copies of it in which things go wrong."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.faults.commands import StageCommand, commands_of
from tests.faults.compared import digests
from tests.faults.in_process import Outcome, load_modules_of
from tests.faults.small_run import Run

APPENDED = (".jsonl",)
"""Files that are written to in place; all others are replaced, so that a copy may share them."""


@dataclass(frozen=True)
class Baseline:
    """A checkout with results, and the commands that made them."""

    folder: Path
    commands: list[StageCommand]

    @property
    def results(self) -> Path:
        (experiment,) = (self.folder / "results").iterdir()
        return experiment

    def copy(self, folder: Path, share: bool = True) -> "Baseline":
        """A copy with the same data set, and with the same files until they are replaced if it is to `share` them."""
        folder.mkdir(parents=True)
        (folder / "data").symlink_to(self.folder / "data")
        copy_function = shared_copy if share else shutil.copy2
        shutil.copytree(self.folder / "results", folder / "results", copy_function=copy_function)
        return Baseline(folder, self.commands)

    def files_of(self, command: StageCommand) -> list[Path]:
        """The files of a command's outputs, and those that it writes beside them."""
        found: list[Path] = []
        for path in (self.folder / output for output in command.outputs):
            found += [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
            beside = [path.with_name(f"{path.stem}.settings.yaml"), path.with_name(f"{path.stem}.sha256")]
            found += [other for other in beside if other.exists() and other not in found]
        return found

    def digests(self) -> dict[str, str]:
        return digests(self.results)


def shared_copy(source: str, target: str) -> None:
    """The same file under another name, or a copy where it is written to in place."""
    if source.endswith(APPENDED):
        shutil.copy2(source, target)
    else:
        Path(target).hardlink_to(source)


def make_baseline(run: Run, folder: Path) -> Baseline:
    """Copy a finished run's data and results, and run each stage once more there, so that its modules are loaded.

    The results are then those of this process's children, whatever number of threads Snakemake gave its jobs.
    """
    commands = commands_of(run)
    folder.mkdir(parents=True)
    for name in ("data", "results"):
        shutil.copytree(run.folder / name, folder / name)
    for command in commands:
        check_well(command, load_modules_of(folder, command.words))
    return Baseline(folder, commands)


def check_well(command: StageCommand, outcome: Outcome) -> None:
    """Raise RuntimeError where a command did not end well."""
    if outcome.status != 0:
        raise RuntimeError(f"{command.name} ended with {outcome.status}:\n{outcome.told}")
