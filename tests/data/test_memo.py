"""What is known of files is not asked again, unless they changed; a killed run goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dreamrelation.data.memo import Memo


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in ("a", "b", "c")]
    for path in paths:
        path.write_text(path.name)
    return paths


def ask(memo: Memo, files: list[Path], question: str = "length") -> tuple[dict[str, str], list[str]]:
    """Answers by file name, and which files were asked about."""
    asked: list[str] = []

    def answers(items: list[Path]) -> Iterator[str]:
        for path in items:
            asked.append(path.name)
            yield path.read_text() * 2

    with memo:
        found = {
            path.name: answer for path, answer in memo.answered(files, lambda path: [path], lambda _: question, answers)
        }
    return found, asked


def test_only_new_and_changed_files_are_asked_about(tmp_path: Path, files: list[Path]) -> None:
    place = tmp_path / "deep" / "memo.jsonl"
    assert ask(Memo(place, "1"), files[:2]) == ({"a": "aa", "b": "bb"}, ["a", "b"])
    assert ask(Memo(place, "1"), files) == ({"a": "aa", "b": "bb", "c": "cc"}, ["c"])
    files[1].write_text("bigger")
    assert ask(Memo(place, "1"), files) == ({"a": "aa", "b": "biggerbigger", "c": "cc"}, ["b"])
    assert ask(Memo(place, "1"), files, "another question")[1] == ["a", "b", "c"]
    assert ask(Memo(place, "2"), files, "another question")[1] == ["a", "b", "c"]


def test_answers_that_are_of_no_use_any_more_are_dropped(tmp_path: Path, files: list[Path]) -> None:
    place = tmp_path / "memo.jsonl"
    ask(Memo(place, "1"), files)
    ask(Memo(place, "2"), files[:1])
    assert place.read_text().count("\n") == 1


def test_a_killed_run_keeps_what_it_had_found_out(tmp_path: Path, files: list[Path]) -> None:
    place = tmp_path / "memo.jsonl"

    def killed(items: list[Path]) -> Iterator[str]:
        yield "first"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Memo(place, "1") as memo:
        list(memo.answered(files, lambda path: [path], lambda _: "length", killed))
    with place.open("a") as file:
        file.write('["cut off in the mid')
    assert ask(Memo(place, "1"), files) == ({"a": "first", "b": "bb", "c": "cc"}, ["b", "c"])


def test_files_that_cannot_be_looked_at_have_answers_too(tmp_path: Path) -> None:
    place = tmp_path / "memo.jsonl"

    def gone(items: list[Path]) -> Iterator[str]:
        return iter(["gone"] * len(items))

    for expected in ("gone", "gone"):
        with Memo(place, "1") as memo:
            assert [answer for _, answer in memo.answered([tmp_path / "x"], lambda p: [p], lambda _: "q", gone)] == [
                expected
            ]
