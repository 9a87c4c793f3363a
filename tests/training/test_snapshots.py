"""Snapshots are kept until the training ends, and are then what was saved, or nothing."""

from pathlib import Path

import pytest

from dreamrelation.errors import UserError
from dreamrelation.training.snapshots import Snapshots


def save(folder: Path) -> None:
    (folder / "lora.bin").write_bytes(b"learned")


@pytest.fixture
def taken(tmp_path: Path) -> Snapshots:
    """With a snapshot of step 2."""
    snapshots = Snapshots(tmp_path / "resume", "abc", (2,), save)
    snapshots.take(1)
    snapshots.take(2)
    return snapshots


def test_they_are_delivered_as_they_were_saved(taken: Snapshots, tmp_path: Path) -> None:
    taken.deliver(tmp_path / "adapters")
    assert (tmp_path / "adapters/step_2/lora.bin").read_bytes() == b"learned"
    assert [path.name for path in (tmp_path / "adapters").iterdir()] == ["step_2"]


@pytest.mark.parametrize("name", ["lora.bin", "adapters.json"])
def test_one_that_was_changed_or_is_gone_is_named(taken: Snapshots, tmp_path: Path, name: str) -> None:
    path = tmp_path / "resume/snapshots/abc/step_2" / name
    path.write_bytes(path.read_bytes().replace(b"l", b"m"))
    with pytest.raises(UserError, match=r"not as it was saved: .*step_2/.*: remove .*/resume"):
        taken.deliver(tmp_path / "adapters")
    path.unlink()
    with pytest.raises(UserError, match=rf"{name}: .*: remove .*/resume"):
        taken.deliver(tmp_path / "adapters")
    assert not (tmp_path / "adapters").exists()
