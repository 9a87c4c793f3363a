"""A clock that is wrong or goes backwards: nothing of ours depends on it, Snakemake makes some things again."""

import itertools
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.baseline import Baseline
from tests.faults.compared import differences, digests
from tests.faults.in_process import run_stage
from tests.faults.small_run import Run

RELATION = Path("results/puppets/shaking_hands")
DAY_S = 86_400


def backwards() -> None:
    """Every look at the clock shows an hour less than the one before; the monotonic clock cannot go backwards."""
    looks = itertools.count()
    start = time.time()
    time.time = lambda: start - 3600 * next(looks)


def test_training_and_generation_with_a_clock_that_goes_backwards(baseline: Baseline, tmp_path: Path) -> None:
    """With a limit of time, which must neither be over at once nor never count."""
    copy = baseline.copy(tmp_path / "copy")
    for stage in ("train", "generate"):
        command = next(one for one in baseline.commands if one.stage == stage and "dreamrelation" in one.name)
        for path in copy.files_of(command):
            path.unlink()
        outcome = run_stage(copy.folder, (*command.words, "--minutes", "30"), backwards)
        assert outcome.status == 0, outcome.told
    assert differences(baseline.digests(), copy.digests()) == []


@contextmanager
def tomorrow(*paths: Path) -> Iterator[None]:
    """The files are of a clock that was a day ahead; afterwards they are of now, as whoever noticed would make them."""
    for path in paths:
        os.utime(path, (time.time() + DAY_S, time.time() + DAY_S))
    try:
        yield
    finally:
        for path in paths:
            path.touch()


def test_files_of_tomorrow_count_by_their_content_where_they_are_small(alone: Run) -> None:
    with tomorrow(alone.folder / RELATION / "latents.parquet"):
        assert alone.checkout.plan(*alone.flags).nothing_to_do
        plan = alone.checkout.plan(*alone.flags, "--max-checksum-file-size", "100")
        assert plan.jobs["train"] == 2 and "masks" not in plan.jobs, plan.text
    assert alone.checkout.snakemake(*alone.flags, "--touch", "--forceall").status == 0


def test_a_job_whose_input_is_of_tomorrow_fails_until_it_is_touched(alone: Run) -> None:
    """Snakemake finds the output older than its input; it says so, and removes the output."""
    before = digests(alone.results)
    scores = alone.folder / RELATION / "base/scores/motion.parquet"
    scores.unlink()
    with tomorrow(alone.folder / RELATION / "base/videos.parquet"):
        refused = alone.checkout.snakemake(*alone.flags)
        assert refused.status != 0 and "older modification time" in refused.text and "clock skew" in refused.text
        assert not scores.exists()
    answer = alone.checkout.snakemake(*alone.flags)
    assert answer.status == 0, answer.text[-3000:]
    assert differences(before, digests(alone.results)) == []
