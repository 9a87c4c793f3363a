"""Several processes that train together compute what one computes with the same batch."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.setups import lora_trainer
from tests.training.together import end_of

from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.backbones.wan.settings import WanSettings
from dreamrelation.errors import UserError
from dreamrelation.settings.model import ModelSettings

REPOSITORY = Path(__file__).parents[2]
CONTRAST = {"memory_clips": 3, "weight": 1.0}
SETTINGS: dict[str, Any] = {"batch_size": 4, "steps": 8, "caption_dropout": 0.3, "contrastive": CONTRAST}


def trained_by(count: int, model: ModelSettings, folder: Path, **machine: object) -> list[dict[str, Any]]:
    """What each of `count` processes ended with."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    runs = []
    for rank in range(count):
        own = folder / f"{rank}"
        own.mkdir(parents=True)
        environment = {
            **os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count),
            "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1",
            "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'src'}",
        }  # fmt: skip
        command = [sys.executable, "-m", "tests.training.together", model.model_dump_json(), str(own),
                   json.dumps(SETTINGS), json.dumps(machine)]  # fmt: skip
        runs.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
    for run in runs:
        _, said = run.communicate(timeout=300)
        assert run.returncode == 0, said[-2000:]
    return [torch.load(folder / f"{rank}" / "end.pt", weights_only=True) for rank in range(count)]


@pytest.fixture(scope="module")
def one(random_mochi: MochiSettings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a single process ends with."""
    return end_of(lora_trainer(random_mochi, tmp_path_factory.mktemp("one"), **SETTINGS))


@pytest.mark.parametrize("machine", [{}, {"shard_weights": True, "gradient_checkpointing": True}], ids=["", "sharded"])
def test_two_processes_equal_one_with_the_same_batch(
    one: dict[str, Any], random_mochi: MochiSettings, machine: dict[str, object], tmp_path: Path
) -> None:
    first, second = trained_by(2, random_mochi, tmp_path / "two", **machine)
    share = first["held"] / one["held"]
    assert share == pytest.approx(0.5, abs=0.02) if machine else share == 1, "of the blocks"
    check_they_ended_as_one(one, first, second)


def check_they_ended_as_one(one: dict[str, Any], first: dict[str, Any], second: dict[str, Any]) -> None:
    """In parameters, losses, clips of each step and the memory of RCL, up to the order of sums."""
    for name, value in one["parameters"].items():
        assert torch.equal(first["parameters"][name], second["parameters"][name]), name
        torch.testing.assert_close(first["parameters"][name], value, rtol=1e-4, atol=1e-6)
    memories = [end["state"]["memory"] for end in (one, first, second)]
    assert [clip for clip, _ in memories[0]["clips"]] == [clip for clip, _ in memories[1]["clips"]]
    torch.testing.assert_close(memories[1]["frames"], memories[0]["frames"], rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(memories[2]["frames"], memories[1]["frames"], rtol=0, atol=0)
    contrasted = 0
    for row, found in zip(one["rows"], first["rows"], strict=True):
        assert (found["role"], found["clips"]) == (row["role"], row["clips"]) and len(found["clips"]) == 4
        assert found["loss"] == pytest.approx(row["loss"], rel=1e-4)
        assert found["terms"] == pytest.approx(row["terms"], rel=1e-3)
        assert found["gradient_norm"] == pytest.approx(row["gradient_norm"], rel=1e-3)
        contrasted += "contrastive" in row["terms"]
    assert contrasted >= 2


def test_two_processes_that_divide_each_clips_tokens_equal_one(random_wan: WanSettings, tmp_path: Path) -> None:
    """They see the same clips, divide weights besides, and compute blocks once more in the backward pass."""
    one = end_of(lora_trainer(random_wan, tmp_path / "one", **SETTINGS))
    machine = {"split_videos": True, "shard_weights": True, "gradient_checkpointing": True}
    first, second = trained_by(2, random_wan, tmp_path / "two", **machine)
    assert first["held"] / one["held"] == pytest.approx(0.5, abs=0.02), "of the blocks"
    check_they_ended_as_one(one, first, second)


def test_a_batch_that_cannot_be_shared_evenly_is_refused(
    random_mochi: MochiSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dreamrelation.training.loop.process_count", lambda: 2)
    with pytest.raises(UserError, match="found training.batch_size 3 and 2 processes"):
        lora_trainer(random_mochi, tmp_path / "resume", batch_size=3)
