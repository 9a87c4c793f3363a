"""The commands of a finished run, as Snakemake gives them: what each reads and writes."""

import shlex
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from pathlib import PurePosixPath

from tests.faults.small_run import Run

CACHES = ("--memo", "--resume", "--unfinished", "--answers")
"""Flags of files and folders that a stage goes on from, and which are no outputs."""


@dataclass(frozen=True)
class StageCommand:
    """One job of the workflow. Paths are those below the checkout."""

    name: str
    """Such as train/shaking_hands/dreamrelation."""
    words: tuple[str, ...]
    """What follows `dreamrelation` on the command line."""
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def stage(self) -> str:
        return self.words[0]

    def reads(self, path: str) -> bool:
        """Whether a file, or a folder that it lies in, is an input or is named on the command line, and no output."""
        places = {path, *map(str, PurePosixPath(path).parents)} - {".", "results"}
        return not places & set(self.outputs) and bool(places & {*self.inputs, *self.words})

    def argument(self, flag: str) -> str | None:
        """What is given to a flag; None where it is not given."""
        return self.words[self.words.index(flag) + 1] if flag in self.words else None

    def with_words(self, *words: str) -> "StageCommand":
        return replace(self, words=(*self.words, *words))


def commands_of(run: Run) -> list[StageCommand]:
    """All jobs of a finished run in an order in which they can be run, but for the theatre's data set."""
    rows: dict[str, StageCommand] = {}
    for row in run.checkout.summary(*run.flags):
        words = shlex.split(row["shellcmd"])
        if not words or words[0] != "dreamrelation" or words[1] == "puppets":
            continue
        log = row["log-file(s)"]
        name = log.partition("/logs/")[2].removesuffix(".log")
        words = tuple(words[1 : words.index(">")])
        known = rows.get(name, StageCommand(name, words, tuple(row["input-file(s)"].split(",")), ()))
        rows[name] = replace(known, outputs=(*known.outputs, row["output_file"]))
    writers = {output: name for name, command in rows.items() for output in command.outputs}
    graph = {
        name: {
            writers[place]
            for path in command.inputs
            for place in (path, *map(str, PurePosixPath(path).parents))
            if place in writers
        }
        for name, command in rows.items()
    }
    return [rows[name] for name in TopologicalSorter(graph).static_order()]
