"""A Slurm of one host, and a checkout whose jobs it runs by the profile that is shipped."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.slurm.checkout import ClusterCheckout, Jobs, prepare_checkout
from tests.slurm.cluster import Cluster, why_not
from tests.workflow.checkout import Answer


@pytest.fixture(scope="session", autouse=True)
def _only_where_wanted() -> None:
    if os.environ.get("TEST_SLURM") != "1":
        pytest.skip("make test-slurm runs them, with a Slurm that it starts and stops")
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def cluster(_only_where_wanted: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running Slurm with one graphics card."""
    yield from running(tmp_path_factory.mktemp("slurm"))


def running(folder: Path, gpus: int = 1) -> Iterator[Cluster]:
    """A Slurm that is stopped at the end, also where it did not start."""
    started = Cluster(folder, gpus=gpus)
    try:
        started.start()
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="session")
def checkout(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> ClusterCheckout:
    """A checkout in which nothing has been made."""
    return prepare_checkout(tmp_path_factory.mktemp("checkout"), cluster)


@pytest.fixture(scope="session")
def run(checkout: ClusterCheckout) -> tuple[Answer, Jobs]:
    """What Snakemake said of a whole run in that checkout, and the jobs that Slurm had of it."""
    answer, jobs = checkout.submitted()
    assert answer.status == 0, answer.text[-6000:]
    return answer, jobs
