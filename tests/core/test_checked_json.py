"""JSON with a checksum: no change of a byte is read as something else."""

import json
from pathlib import Path

import pytest

from dreamrelation.checked_json import append_line, read_lines, with_crc, without_crc

CONTENT = {"key": "ä\ud800", "number": 0.1, "list": [1, None, True], "inner": {"b": 1, "a": 2}}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    append_line(tmp_path / "new" / "lines", CONTENT)
    append_line(tmp_path / "new" / "lines", {"key": "second"})
    assert list(read_lines(tmp_path / "new" / "lines")) == [CONTENT, {"key": "second"}]
    assert list(read_lines(tmp_path / "absent")) == []
    assert without_crc(json.loads(json.dumps(with_crc(CONTENT)))) == CONTENT


@pytest.mark.parametrize("found", [None, [], {}, {"key": 1}, {"crc32": "0"}, with_crc(CONTENT) | {"number": 0.2}])
def test_what_was_changed_is_refused(found: object) -> None:
    with pytest.raises(ValueError):
        without_crc(found)


def test_people_can_read_what_is_no_english(tmp_path: Path) -> None:
    append_line(tmp_path / "lines", {"text": "…是"})
    assert "…是" in (tmp_path / "lines").read_text(encoding="utf-8")
    assert list(read_lines(tmp_path / "lines")) == [{"text": "…是"}]


def test_any_flipped_bit_costs_its_line_and_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "lines"
    for number in range(2):
        append_line(path, {"key": f"text {number}", "value": number})
    whole = path.read_bytes()
    second = whole.index(b"\n") + 1
    for bit in range(8 * (second - 1)):
        content = bytearray(whole)
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        assert list(read_lines(path)) == [{"key": "text 1", "value": 1}]
        assert "lines: line 1 is left out and found out again" in capsys.readouterr().err


def test_a_line_that_was_cut_off_is_ended_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    append_line(path, {"key": 1})
    path.write_bytes(path.read_bytes()[:-4])
    append_line(path, {"key": 2})
    assert list(read_lines(path)) == [{"key": 2}]
