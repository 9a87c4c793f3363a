"""What `snakemake` makes of a flipped bit: the job that reads the file says so, and the next run makes it again."""

import random
import shutil
from pathlib import Path

import pytest
from tests.faults.baseline import Baseline
from tests.faults.compared import differences, digests, leftovers
from tests.faults.flips import BAD, flip, stop_halfway, tries_of
from tests.faults.small_run import Run

RELATION = "results/puppets/shaking_hands"


@pytest.mark.parametrize(
    ("flipped", "reader"),
    [
        ("results/puppets/clips/selection.parquet", f"{RELATION}/latents.parquet"),
        (f"{RELATION}/latents.parquet", f"{RELATION}/direct_lora/training.parquet"),
        (f"{RELATION}/direct_lora/adapters/direct.safetensors", f"{RELATION}/direct_lora/learned.csv"),
        (f"{RELATION}/base/videos/dog_cat_0.mp4", f"{RELATION}/base/scores/motion.parquet"),
    ],
)
def test_the_next_run_makes_a_flipped_file_again(alone: Run, flipped: str, reader: str) -> None:
    before = digests(alone.results)
    path = alone.folder / flipped
    flip(path, random.Random(flipped).randrange(8 * path.stat().st_size))
    (alone.folder / reader).unlink()
    refused = alone.checkout.snakemake(*alone.flags)
    assert refused.status != 0 and f"{flipped}: found the SHA-256" in refused.text, refused.text[-3000:]
    assert "is set aside as" in refused.text and "run the workflow again" in refused.text
    answer = alone.checkout.snakemake(*alone.flags)
    assert answer.status == 0, answer.text[-3000:]
    (aside,) = leftovers(alone.folder)
    remove(alone.folder / aside)
    assert differences(before, digests(alone.results)) == []


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def test_no_flip_of_what_a_stopped_job_goes_on_from_is_read_as_other_data(baseline: Baseline, tmp_path: Path) -> None:
    stopped = baseline.copy(tmp_path / "stopped", share=False)
    stop_halfway(stopped)
    for kind in ("memo", "state", "unfinished video", "unfinished video's row"):
        counted = tries_of(stopped, kind, 3, 1, tmp_path, lambda tried: print(tried))
        assert counted.total() == 3 and not any(counted[outcome] for outcome in BAD), (kind, counted)
