"""The processes that work in a checkout, found by the folder that they were started in."""

import time
from pathlib import Path

import psutil


def at_work_in(folder: Path) -> list[psutil.Process]:
    """Every living process whose working directory is this folder, but for this one."""
    found = []
    for process in psutil.process_iter():
        try:
            here = process.pid != psutil.Process().pid and process.cwd() == str(folder.resolve())
            if here and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def stage_of(process: psutil.Process) -> str | None:
    """Which stage, with its relation and method, a process runs; None for other processes, such as a shell."""
    try:
        words = process.cmdline()
    except psutil.Error:
        return None
    if len(words) < 3 or not words[1].endswith("bin/dreamrelation"):
        return None
    named = [words[words.index(flag) + 1] for flag in ("--relation", "--method", "--metric") if flag in words]
    return " ".join([words[2], *named])


def jobs_of(snakemake: int) -> dict[str, psutil.Process]:
    """Stage → the process that runs it now, below a Snakemake with this process id."""
    try:
        found = {stage_of(process): process for process in psutil.Process(snakemake).children(recursive=True)}
    except psutil.Error:
        return {}
    return {stage: process for stage, process in found.items() if stage is not None}


def wait_for_all(folder: Path, seconds: float) -> list[str]:
    """Wait until nobody works in a folder; the stages that still do after so long."""
    deadline = time.monotonic() + seconds
    while (working := at_work_in(folder)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return [stage_of(process) or process.name() for process in working]
