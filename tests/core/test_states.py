"""States of trainings: what is read is what was written, or nothing."""

import zipfile
from pathlib import Path

import pytest
import torch

from dreamrelation.states import read_state, write_state

CONTENT = {"step": 3, "parameters": {"w": torch.arange(64.0)}, "rows": [{"loss": 0.5}]}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_state(tmp_path / "state.pt", CONTENT)
    found = read_state(tmp_path / "state.pt")
    assert found["step"] == 3 and found["rows"] == CONTENT["rows"]
    assert torch.equal(found["parameters"]["w"], CONTENT["parameters"]["w"])


def test_a_flipped_bit_is_noticed_or_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    write_state(path, CONTENT)
    whole = path.read_bytes()
    noticed = 0
    places = range(5, 8 * len(whole), 97)
    for bit in places:
        content = bytearray(whole)
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        try:
            found = read_state(path)
        except Exception:
            noticed += 1
            continue
        assert found["step"] == 3 and found["rows"] == CONTENT["rows"]
        assert torch.equal(found["parameters"]["w"], CONTENT["parameters"]["w"])
    assert noticed > len(places) / 3  # much of a small archive is padding


@pytest.mark.parametrize("content", [b"", b"PK", b"not an archive at all"])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.pt").write_bytes(content)
    with pytest.raises((OSError, ValueError, RuntimeError, zipfile.BadZipFile)):
        read_state(tmp_path / "state.pt")
