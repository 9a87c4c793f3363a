"""Jobs that end badly: out of time, out of memory, and as one of a group."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from tests.slurm.checkout import PROFILE, ClusterCheckout, Jobs, memory_mb, ran, rule_of, set_resources
from tests.workflow.checkout import Answer, Checkout

RELATION = Path("results/puppets/shaking_hands")
EVALUATION = RELATION / "evaluation.json"
TRAINED = RELATION / "longer"
LONGER = ("--config", "methods={longer: {kind: lora, steps: 60, contrastive: null}}")
"""A method of its own whose training takes some seconds."""
HOOK = """\
# Stands in for what a cluster does to a command; each Python reads it at its start.
import os, resource, sys, time
command = " ".join(sys.orig_argv)
if "bin/dreamrelation " in command and all(word in command.split() for word in os.environ["DISTURBED"].split()):
    first, last, marks = int(os.environ["FIRST"]), int(os.environ["LAST"]), os.environ["MARKS"]
    with open(marks, "a") as file:
        file.write("x")
    if first <= os.path.getsize(marks) <= last:
        if os.environ["DISTURBANCE"] == "memory":
            told = os.popen("scontrol show job " + os.environ["SLURM_JOB_ID"]).read()
            memory = int(told.partition("MinMemoryNode=")[2].partition("M ")[0]) << 20
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        if os.environ["DISTURBANCE"] == "clock":
            clock = time.monotonic
            time.monotonic = lambda: 300 * clock()
        if os.environ["DISTURBANCE"] == "end":
            os._exit(1)
"""
Disturb = Callable[[str, str, int, int], ClusterCheckout]


@pytest.fixture(scope="module")
def built(
    run: tuple[Answer, Jobs], checkout: ClusterCheckout, tmp_path_factory: pytest.TempPathFactory
) -> ClusterCheckout:
    """A checkout in which everything is made, a copy of that which other tests look at."""
    folder = shutil.copytree(checkout.folder, tmp_path_factory.mktemp("built") / "checkout", symlinks=True)
    return replace(checkout, local=Checkout(folder, checkout.local.more_paths))


@pytest.fixture
def disturb(built: ClusterCheckout, tmp_path: Path) -> Disturb:
    """A function that gives the checkout with commands that have these words disturbed, from one of them to another.

    Their memory is limited to what Slurm gave the job, their clock is hurried, or they end at once.
    """
    (tmp_path / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
    paths = os.pathsep.join([str(built.folder / "src"), str(tmp_path)])

    def disturbed(words: str, disturbance: str, first: int, last: int) -> ClusterCheckout:
        marks = tmp_path / f"{disturbance}.marks"
        which = {"DISTURBED": words, "FIRST": str(first), "LAST": str(last)}
        return built.with_environment(PYTHONPATH=paths, DISTURBANCE=disturbance, MARKS=str(marks), **which)

    return disturbed


@pytest.fixture
def profile(built: ClusterCheckout) -> Iterator[Path]:
    """The checkout's folder, whose profile is written back after the test."""
    before = (built.folder / PROFILE).read_text(encoding="utf-8")
    yield built.folder
    (built.folder / PROFILE).write_text(before, encoding="utf-8")


def test_a_training_out_of_time_goes_on_in_another_job_to_the_same_end(
    built: ClusterCheckout, disturb: Disturb, profile: Path
) -> None:
    """Half of a runtime of ten minutes is over after a second of a clock that is hurried; so it is twice."""
    target = str(TRAINED / "adapters.json")
    answer, (whole,) = built.submitted(target, *LONGER)
    assert answer.status == 0, answer.text[-6000:]
    at_once = (built.folder / target).read_bytes()
    shutil.rmtree(built.folder / TRAINED)
    set_resources(profile, "train", runtime=10)
    answer, jobs = disturb("train longer", "clock", 1, 2).submitted(target, *LONGER)
    assert answer.status == 0, answer.text[-6000:]
    assert [(rule_of(job), job["JobState"]) for job in [whole, *jobs]] == [
        ("train", "COMPLETED"),
        ("train", "FAILED"),
        ("train", "FAILED"),
        ("train", "COMPLETED"),
    ]
    assert all(ran(earlier)[1] <= ran(later)[0] for earlier, later in pairwise(jobs))
    assert (built.folder / target).read_bytes() == at_once, "digests of what was learned"
    stops = re.findall(r"minutes are over at step (\d+)", answer.text)
    assert len(set(stops)) == 2, "the log of each job that stopped is shown, and the second one got further"


def test_a_job_that_fills_its_memory_is_given_more(disturb: Disturb, profile: Path) -> None:
    """Without cgroups Slurm kills no such job; here the system refuses memory above what the job was given."""
    set_resources(profile, "summarise", mem_mb="350 * attempt")
    limited = disturb("summarise", "memory", 1, 9)
    answer, jobs = limited.submitted(str(EVALUATION), "--forcerun", "summarise")
    assert answer.status == 0, answer.text[-6000:]
    asked = [(rule_of(job), memory_mb(job), job["JobState"]) for job in jobs]
    assert asked == [("summarise", 350, "FAILED"), ("summarise", 700, "COMPLETED")]
    kept = [path for path in limited.slurm_logs if path.stem == jobs[0]["JobId"]]
    assert kept and "rule summarise" in kept[0].read_text(encoding="utf-8"), "Slurm's log of a job that failed stays"


def test_a_failure_in_a_group_is_made_good_with_all_of_the_group(disturb: Disturb) -> None:
    disturbed = disturb("evaluate", "end", 5, 5)
    scores = sorted((disturbed.folder / RELATION).glob("*/scores/*.parquet"))
    assert len(scores) == 9
    for path in scores:
        path.unlink()
    answer, jobs = disturbed.submitted(*(str(path.relative_to(disturbed.folder)) for path in scores))
    assert answer.status == 0, answer.text[-6000:]
    assert "Removing output files of failed job evaluate" in answer.text, (
        "of those that had ended well, as the page says"
    )
    assert all(path.is_file() for path in scores)
    states = [(rule_of(job), job["JobState"], memory_mb(job)) for job in jobs]
    group = "scores_shaking_hands"
    assert states == [(group, "FAILED", 32000), (group, "COMPLETED", 64000)]


def test_trainings_can_be_one_array(built: ClusterCheckout) -> None:
    targets = [built.folder / RELATION / method / "adapters.json" for method in ("direct_lora", "dreamrelation")]
    for path in targets:
        path.unlink()
    wanted = [str(path.relative_to(built.folder)) for path in targets]
    answer, jobs = built.submitted(*wanted, "--slurm-array-jobs", "train", "--jobs", "1000")
    assert answer.status == 0, answer.text[-6000:]
    assert all(path.is_file() for path in targets)
    assert len(jobs) == 2 and len({job["ArrayJobId"] for job in jobs}) == 1
