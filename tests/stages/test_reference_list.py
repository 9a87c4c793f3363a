"""Choosing a reference set: by the seed alone, and never silently fewer."""

import csv
import shutil
from pathlib import Path

import pytest
from tests.metrics.judges import FRAMES, write_video

from dreamrelation.cli import main
from dreamrelation.errors import UserError
from dreamrelation.metrics.set_distances.reference import checked, read_list
from dreamrelation.stages import reference_list


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six films in two folders, a broken one, and what is no film."""
    folder = tmp_path_factory.mktemp("films")
    for number in range(6):
        write_video(folder / f"{number % 2}" / f"{number}.mp4", seed=number)
    (folder / "broken.MP4").write_bytes(b"no film")
    (folder / "notes.txt").write_text("no film either")
    return folder


def chosen(films: Path, output: Path, count: int = 4, seed: int = 0, frames: int = FRAMES) -> list[str]:
    reference_list.run(folder=films, count=count, seed=seed, frames=frames, output=output)
    with output.open(newline="") as file:
        return [Path(row["video"]).name for row in csv.DictReader(file)]


def test_the_seed_chooses(films: Path, tmp_path: Path) -> None:
    first = chosen(films, tmp_path / "a.csv")
    moved = shutil.copytree(films, tmp_path / "elsewhere")
    assert chosen(moved, tmp_path / "b.csv") == first, "the place does not matter"
    assert len(set(first)) == 4
    assert any(chosen(films, tmp_path / "c.csv", seed=seed) != first for seed in range(1, 4))
    assert len(list(checked(read_list(tmp_path / "a.csv")))) == 4


def test_the_list_and_its_videos_move_together(films: Path, tmp_path: Path) -> None:
    old = shutil.copytree(films, tmp_path / "old" / "films")
    chosen(old, tmp_path / "old" / "list.csv")
    (tmp_path / "old").rename(tmp_path / "new")
    assert len(list(checked(read_list(tmp_path / "new" / "list.csv")))) == 4


def test_what_is_passed_over_is_told(films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen(films, tmp_path / "all.csv", count=6)
    told = capsys.readouterr().out
    assert "6 of 7 videos" in told and ("broken.MP4: cannot be decoded" in told) == ("1 passed over" in told)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 7}, "found 6 videos of 7 frames or more, expected 7; passed over, among others: .*broken"),
        ({"frames": FRAMES + 1}, "found 0 videos of 8 frames or more, expected 4"),
        ({"count": 1}, "--count is 1"),
    ],
)
def test_too_few_are_an_error(films: Path, tmp_path: Path, options: dict[str, int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        chosen(films, tmp_path / "list.csv", **options)
    assert not (tmp_path / "list.csv").exists()


def test_the_command(films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["reference-list", str(films), "--count", "2", "--frames", "3", "--output", str(tmp_path / "list.csv")]
    assert main(arguments) == 0
    assert main(["reference-list", str(tmp_path / "no"), "--count", "2", "--output", str(tmp_path / "x.csv")]) != 0
    assert "no such folder" in capsys.readouterr().err
