"""Outputs appear at once or not at all."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dreamrelation import files
from dreamrelation.errors import UserError
from dreamrelation.files import appearing, set_aside, writing


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_the_block_ends_well(tmp_path: Path) -> None:
    with appearing(tmp_path / "a.txt") as beside:
        assert beside.suffix == ".txt"
        beside.write_text("new")
        assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "a.txt").read_text() == "new" and left(tmp_path) == ["a.txt"]


def test_after_an_error_the_old_one_stays(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "old").touch()
    with pytest.raises(RuntimeError), appearing(tmp_path / "a") as beside:
        beside.mkdir()
        raise RuntimeError
    assert left(tmp_path) == ["a"] and left(tmp_path / "a") == ["old"]


def test_a_folder_takes_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "old").touch()
    with appearing(tmp_path / "a") as beside:
        beside.mkdir()
        (beside / "new").touch()
    assert left(tmp_path / "a") == ["new"]


@pytest.mark.parametrize("folder", [True, False])
def test_a_symbolic_link_stays_and_what_it_points_to_is_replaced(tmp_path: Path, folder: bool) -> None:
    (tmp_path / "far").mkdir()
    target = tmp_path / "far" / "target"
    target.mkdir() if folder else target.write_text("old")
    (tmp_path / "link").symlink_to(target)
    with appearing(tmp_path / "link") as beside:
        beside.mkdir() if folder else beside.write_text("new")
        if folder:
            (beside / "new").touch()
    assert (tmp_path / "link").is_symlink()
    assert left(target) == ["new"] if folder else target.read_text() == "new"
    assert left(tmp_path / "far") == ["target"]


def test_what_a_killed_process_left_is_removed_and_a_living_ones_work_stays(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from dreamrelation.files import appearing\n"
        "with appearing(Path(sys.argv[1])) as beside:\n"
        "    beside.mkdir(); (beside / 'half').touch(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "videos")], check=False)
    (leftover,) = left(tmp_path)
    assert leftover.startswith(".part-")
    with appearing(tmp_path / "videos") as first:
        assert left(tmp_path) == []
        first.mkdir()
        living = first.with_name(first.name.replace(str(os.getpid()), str(os.getppid())))
        living.mkdir()
    assert left(tmp_path) == sorted([living.name, "videos"])
    with appearing(tmp_path / "videos") as beside:
        beside.mkdir()
    assert living.is_dir()


def test_a_full_disk_names_the_file_however_a_library_tells_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Path("/dev/full")
    with (
        pytest.raises(UserError, match="/dev/full: cannot be written: No space left"),
        writing(full),
        full.open("w") as f,
    ):
        f.write("text")
    with pytest.raises(RuntimeError), appearing(tmp_path / "a"):
        raise RuntimeError("an error of ours")
    with pytest.raises(UserError, match=r"/a: cannot be written: No space left on device"), appearing(tmp_path / "a"):
        raise RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")
    monkeypatch.setattr(files, "_bytes_free", lambda folder: 0)
    with pytest.raises(UserError, match=r"/a: cannot be written: No space left on device"), appearing(tmp_path / "a"):
        raise RuntimeError("such as torch's own for an archive that it cannot write")
    assert left(tmp_path) == []


def test_an_error_about_another_file_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), appearing(tmp_path / "a"):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "input"))


def test_what_is_set_aside_takes_no_name_that_is_taken(tmp_path: Path) -> None:
    for expected in ("a.set-aside-1.txt", "a.set-aside-2.txt"):
        (tmp_path / "a.txt").write_text(expected)
        assert set_aside(tmp_path / "a.txt") == tmp_path / expected
    assert left(tmp_path) == ["a.set-aside-1.txt", "a.set-aside-2.txt"]
