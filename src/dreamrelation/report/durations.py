"""How long the jobs of an experiment took, from the benchmark files that Snakemake leaves beside the results."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from dreamrelation.errors import UserError
from dreamrelation.settings.experiment import ExperimentSettings

SECONDS, PROCESSOR = "s", "cpu_time"
"""Columns of a benchmark file: seconds on the clock, and of all processors together."""
REPORT = "report"
"""Its own benchmark is that of an earlier time, and is left out: a report is the same however often it is made."""

STEP = "step_"
"""Videos of an earlier step of a training are a job of their own."""


@dataclass(frozen=True)
class Job:
    """One job that ran."""

    stage: str
    relation: str | None
    """None: it is about all relations."""
    method: str | None
    """None: it is about all methods."""
    seconds: float
    processor_seconds: float | None
    """None: it ended before Snakemake looked at it."""


@dataclass(frozen=True)
class Took:
    """Jobs taken together, such as those of one stage."""

    title: str
    jobs: int
    seconds: float
    processor_seconds: float
    """Of those of which it is known."""


def read_jobs(folder: Path, settings: ExperimentSettings) -> list[Job]:
    """The jobs of an experiment; none where Snakemake did not run them.

    `folder` is `results/{experiment}/benchmarks`, with `{stage}[/{relation}[/{method}][/{metric}]].tsv`; those of
    relations, methods and metrics that the experiment no longer has are left out. Raises UserError for another kind
    of file.
    """
    jobs = []
    for path in sorted(folder.rglob("*.tsv")):
        stage, *about = path.relative_to(folder).with_suffix("").parts
        relation, method, *_ = (*about, None, None)
        known = {*settings.methods, *settings.metrics}
        foreign = [name for name in about[1:] if name not in known and not name.startswith(STEP)]
        if stage == REPORT or foreign or relation not in (*settings.relations, None):
            continue
        jobs += [Job(stage, relation, method if method in settings.methods else None, *t) for t in _times(path)]
    return jobs


def by_stage(jobs: list[Job]) -> list[Took]:
    """The stages, the longest first."""
    stages = list(dict.fromkeys(job.stage for job in jobs))
    took = [together(stage.replace("_", " "), [job for job in jobs if job.stage == stage]) for stage in stages]
    return sorted(took, key=lambda one: (-one.seconds, one.title))


def together(title: str, jobs: list[Job]) -> Took:
    processors = math.fsum(job.processor_seconds or 0.0 for job in jobs)
    return Took(title, len(jobs), math.fsum(job.seconds for job in jobs), processors)


def time_text(seconds: float) -> str:
    """Such as "8 s", "12 min" or "3.4 h"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"


def _times(path: Path) -> list[tuple[float, float | None]]:
    """One for each time that the job was run for."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        found = [(float(row[SECONDS]), _known(row[PROCESSOR])) for row in rows]
    except (csv.Error, KeyError, TypeError, ValueError):
        found = []
    if not found:
        raise UserError(
            f"{path}: found no benchmark of Snakemake, expected columns {SECONDS} and {PROCESSOR}; remove the file"
        )
    return found


def _known(text: str) -> float | None:
    return None if text in ("NA", "-", "") else float(text)
