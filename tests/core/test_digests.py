"""Digests that are kept between jobs, and when they are not believed."""

import json
import os
from pathlib import Path

import pytest

from dreamrelation import digests
from dreamrelation.digests import DIGESTS, known_sha256
from dreamrelation.files import file_sha256


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(DIGESTS, str(tmp_path / "results" / "digests.json"))
    return tmp_path / "results" / "digests.json"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read."""
    names: list[str] = []
    monkeypatch.setattr(digests, "file_sha256", lambda path: (names.append(path.name), file_sha256(path))[1])
    return names


def test_a_file_is_read_once_until_it_changes(tmp_path: Path, kept: Path, reads: list[str]) -> None:
    weights, other = tmp_path / "weights", tmp_path / "other"
    weights.write_bytes(b"one")
    other.write_bytes(b"other")
    assert known_sha256(weights) == known_sha256(weights) == file_sha256(weights)
    known_sha256(other)
    assert reads == ["weights", "other"]
    before = weights.stat()
    weights.write_bytes(b"two")  # of the same size
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert known_sha256(weights) == file_sha256(weights)
    assert known_sha256(other) == file_sha256(other)
    assert reads == ["weights", "other", "weights"]


def test_without_the_variable_nothing_is_kept(
    tmp_path: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(DIGESTS, raising=False)
    (tmp_path / "weights").write_bytes(b"one")
    assert known_sha256(tmp_path / "weights") == known_sha256(tmp_path / "weights")
    assert reads == ["weights", "weights"] and [path.name for path in tmp_path.iterdir()] == ["weights"]


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"x": 3}', '{"x": ["1", 2, "3"]}'])
def test_a_list_that_is_not_ours_is_made_again(tmp_path: Path, kept: Path, content: str) -> None:
    (tmp_path / "weights").write_bytes(b"one")
    kept.parent.mkdir()
    kept.write_text(content)
    assert known_sha256(tmp_path / "weights") == file_sha256(tmp_path / "weights")
    assert list(json.loads(kept.read_text())) == [str(tmp_path / "weights")]
