"""One training by several processes within one job."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.slurm.checkout import prepare_checkout, rule_of
from tests.slurm.cluster import Cluster
from tests.slurm.conftest import running

from dreamrelation.tables.rows import TRAINING

TOGETHER = ("--config", "machine={training_processes: 2}", "training={batch_size: 2}")


@pytest.fixture(scope="module")
def two_cards(_only_where_wanted: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    yield from running(tmp_path_factory.mktemp("slurm"), gpus=2)


def test_a_training_of_two_processes_gets_two_cards(two_cards: Cluster, tmp_path: Path) -> None:
    """They meet by gloo, as there is no real card."""
    checkout = prepare_checkout(tmp_path, two_cards)
    trained = "results/puppets/shaking_hands/direct_lora"
    answer, jobs = checkout.submitted(f"{trained}/adapters.json", *TOGETHER)
    assert answer.status == 0, answer.text[-6000:]
    cards = {rule_of(job): job.get("TresPerJob") for job in jobs}
    assert cards["train"] == "gres:gpu:2" and cards["latents"] == "gres:gpu:1" and cards["clips"] is None
    (train,) = [job for job in jobs if rule_of(job) == "train"]
    assert (train["NumTasks"], train["NumNodes"]) == ("1", "1"), "one task, which starts the processes"
    assert [row.step for row in TRAINING.read(checkout.folder / trained / "training.parquet")] == [0, 1, 2, 3]
