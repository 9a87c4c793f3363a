"""A tiny run that is finished, for the tests that disturb one; they run only where `make test-faults` asks for them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.baseline import Baseline, make_baseline
from tests.faults.processes import at_work_in
from tests.faults.small_run import Run, finished_run


@pytest.fixture(scope="session")
def finished_tiny(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A checkout in which Snakemake made everything; where FAULTS_FOLDER is set it stays there and is found again.

    A test that disturbs it leaves it finished.
    """
    if os.environ.get("TEST_FAULTS") != "1":
        pytest.skip("make test-faults runs them, with real runs that they kill")
    kept = os.environ.get("FAULTS_FOLDER")
    folder = Path(kept).resolve() if kept else tmp_path_factory.mktemp("faults")
    return finished_run(None, folder)


@pytest.fixture(scope="session")
def baseline(finished_tiny: Run, tmp_path_factory: pytest.TempPathFactory) -> Baseline:
    """Its copy, all of whose stages were run in children of this process."""
    return make_baseline(finished_tiny, tmp_path_factory.mktemp("baseline") / "run")


@pytest.fixture
def alone(finished_tiny: Run) -> Iterator[Run]:
    """The finished run; whoever still works in it after the test is killed."""
    yield finished_tiny
    for process in at_work_in(finished_tiny.folder):
        process.kill()
