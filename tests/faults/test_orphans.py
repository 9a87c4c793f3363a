"""Snakemake is killed alone: its job goes on, and meets the job that the next Snakemake starts for the same output."""

import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tests.faults.compared import differences, digests, leftovers
from tests.faults.processes import jobs_of, wait_for_all
from tests.faults.small_run import Run
from tests.faults.watching import Watch, output_of

from dreamrelation.files import LOCK

RELATION = "results/puppets/shaking_hands"
TRAINED = f"{RELATION}/dreamrelation"
WAIT_S = 300
TRIES = 5
"""To hold a job while it writes: on a machine that does other things the moment may pass between two looks."""


class MissedError(Exception):
    """The job went on to its end."""


def wait_until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline, f"waited for {what}"
        time.sleep(0.002)


def holds(job: psutil.Process) -> bool:
    """Whether a job that was told to stop does, which takes it a moment, instead of having ended before."""
    known: list[str] = []

    def decided() -> bool:
        try:
            known.append(job.status())
        except psutil.NoSuchProcess:
            known.append(psutil.STATUS_DEAD)
        return known[-1] in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)

    wait_until(decided, "the job to stop")
    return known[-1] == psutil.STATUS_STOPPED


def orphan(run: Run, target: str, stage: str, moment: Callable[[], object]) -> psutil.Process:
    """Start Snakemake for a target, hold the job of a stage in the given moment, and kill Snakemake alone.

    Raises MissedError where the moment did not come, and all ended as ever.
    """
    started = run.checkout.start(run.folder / "told.log", target, *run.flags)
    wait_until(lambda: started.poll() is not None or stage in jobs_of(started.pid), f"the job {stage}")
    assert started.poll() is None, (run.folder / "told.log").read_text(encoding="utf-8")[-3000:]
    job = jobs_of(started.pid)[stage]
    wait_until(lambda: moment() or not job.is_running(), "the moment")
    with suppress(psutil.NoSuchProcess):
        job.suspend()
    if not holds(job):
        assert started.wait(WAIT_S) == 0
        raise MissedError
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    return job


def orphan_that_writes(run: Run, path: Path, stage: str) -> psutil.Process:
    """The orphan of a stage, held before this output of it is whole."""
    for _ in range(TRIES):
        path.unlink()
        watch = Watch([run.folder / "results"])
        try:
            target = str(path.relative_to(run.folder))
            return orphan(run, target, stage, lambda w=watch: path.name in map(output_of, w.look()))
        except MissedError:
            continue
    raise AssertionError(f"{path} was never seen unfinished")


def unlock(run: Run) -> None:
    """What Snakemake tells people to do whose Snakemake was killed."""
    refused = run.checkout.snakemake(*run.flags)
    assert refused.status != 0 and "--unlock" in refused.text
    assert run.checkout.snakemake(*run.flags, "--unlock").status == 0


def check_as_before(run: Run, before: dict[str, str]) -> None:
    """Everything is there with the bytes of before, nothing else is, and nobody works."""
    assert wait_for_all(run.folder, WAIT_S) == []
    answer = run.checkout.snakemake(*run.flags)
    assert answer.status == 0, answer.text[-3000:]
    assert differences(before, digests(run.results)) == []
    assert leftovers(run.folder) == []


CONTINUED = {
    "train": ("adapters", "adapters.json", "resume", "state.pt"),
    "generate": ("videos", "videos.parquet", "unfinished_videos", "*/*.json"),
}
"""Stages that hold a folder to go on from: outputs, the folder, and what shows that something is done."""


@pytest.mark.parametrize("stage", CONTINUED)
def test_a_job_that_is_held_is_refused_and_well_afterwards(alone: Run, stage: str) -> None:
    before = digests(alone.results)
    folder, manifest, held, sign = CONTINUED[stage]
    trained = alone.folder / TRAINED
    shutil.rmtree(trained / folder)
    (trained / manifest).unlink()
    job = orphan(
        alone,
        f"{TRAINED}/{manifest}",
        f"{stage} shaking_hands dreamrelation",
        lambda: any((trained / held).glob(sign)),
    )
    assert any((trained / held).rglob(LOCK))
    unlock(alone)
    refused = alone.checkout.snakemake(*alone.flags)
    assert refused.status != 0 and "is using this resume folder; wait for it or stop it" in refused.text
    assert not (trained / manifest).exists()
    job.resume()
    check_as_before(alone, before)


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        (f"{RELATION}/latents.parquet", "latents shaking_hands"),
        (f"{RELATION}/masks.parquet", "masks shaking_hands"),
        ("results/puppets/clips/selection.parquet", "clips"),
    ],
)
def test_an_orphan_that_writes_after_the_new_job_changes_nothing(alone: Run, name: str, stage: str) -> None:
    """It wakes when everything that depends on its output is made again: it puts the same bytes there."""
    before = digests(alone.results)
    path = alone.folder / name
    job = orphan_that_writes(alone, path, stage)
    unlock(alone)
    answer = alone.checkout.snakemake(*alone.flags)
    assert answer.status == 0, answer.text[-3000:]
    written = path.stat().st_ino
    job.resume()
    check_as_before(alone, before)
    assert path.stat().st_ino != written, "the orphan had something to write"


def test_two_snakemakes_at_once(alone: Run) -> None:
    """The second one is refused before it does anything, and the first one does not notice."""
    before = digests(alone.results)
    (alone.folder / TRAINED / "scores/motion.parquet").unlink()
    told = alone.folder / "told.log"
    first = alone.checkout.start(told, *alone.flags)
    wait_until(lambda: first.poll() is not None or jobs_of(first.pid), "a job")
    second = alone.checkout.snakemake(*alone.flags)
    assert first.wait() == 0, told.read_text(encoding="utf-8")[-3000:]
    assert second.status != 0 and "Directory cannot be locked" in second.text
    check_as_before(alone, before)
