"""What TensorBoard is given is what the table of the training holds, also after a stop."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tensorboardX.proto import event_pb2
from tests.training.setups import lora_trainer

from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.tables.rows import TrainingStep
from dreamrelation.training.board import scalars
from dreamrelation.training.loop import Trainer

PROTOCOL: Any = event_pb2
"""Classes that protobuf makes, of which no checker knows."""


def events(folder: Path) -> Iterator[Any]:
    """What all event files of a folder hold, oldest first: length, checksum, event, checksum."""
    for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns):
        content = path.read_bytes()
        while content:
            (length,) = struct.unpack("<Q", content[:8])
            yield PROTOCOL.Event.FromString(content[12 : 12 + length])
            content = content[16 + length :]


def shown(folder: Path) -> dict[tuple[int, str], float]:
    """(step, name) → value, of which a later start takes away its own steps and those after it."""
    found: dict[tuple[int, str], float] = {}
    for event in events(folder):
        if event.HasField("session_log") and event.session_log.status == PROTOCOL.SessionLog.START:
            found = {key: value for key, value in found.items() if key[0] < event.step}
        for value in event.summary.value:
            found[event.step, value.tag] = value.simple_value
    return found


def trainer(mochi: MochiSettings, folder: Path) -> Trainer:
    made = lora_trainer(mochi, folder)
    made.board = folder.parent / "board"
    return made


def check(rows: list[TrainingStep], folder: Path) -> None:
    expected = {(row.step, name): value for row in rows for name, value in scalars(row).items()}
    found = shown(folder)
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        if key[1] != "training/seconds":
            assert found[key] == pytest.approx(value, rel=1e-6), key


def test_every_number_of_every_step_is_shown(random_mochi: MochiSettings, tmp_path: Path) -> None:
    rows = trainer(random_mochi, tmp_path / "state").train()
    assert {name.partition("/")[0] for row in rows for name in scalars(row)} >= {"loss", "reconstruction", "training"}
    check(rows, tmp_path / "board")


def test_after_a_stop_the_board_goes_on_where_the_training_does(random_mochi: MochiSettings, tmp_path: Path) -> None:
    stopped = trainer(random_mochi, tmp_path / "state")
    train_step = stopped.train_step

    def until_six(prepared: object) -> None:
        if stopped.step == 6:  # the last state is that of step 4
            raise KeyboardInterrupt
        train_step(prepared)  # type: ignore[arg-type]

    stopped.train_step = until_six
    with pytest.raises(KeyboardInterrupt):
        stopped.train()
    assert max(step for step, _ in shown(tmp_path / "board")) == 5
    check(trainer(random_mochi, tmp_path / "state").train(), tmp_path / "board")
