"""Which folders the theatre replaces, and that it touches no other."""

import subprocess
import sys
from pathlib import Path

import pytest

from dreamrelation.errors import UserError
from dreamrelation.puppets.theatre.folder import MARKER, check_replaceable, own_folder
from dreamrelation.relations import RELATIONS
from dreamrelation.settings.puppets import PuppetSettings
from dreamrelation.settings.stages import PuppetsStage
from dreamrelation.stages import puppets


def play(folder: Path | str) -> None:
    """The stage with one good clip of small size."""
    small = PuppetSettings(folder=str(folder), good_clips=1, height=64, width=96)
    puppets.run(settings=PuppetsStage(seed=0, relations=(RELATIONS["kicking"],), puppets=small, plain=False))


def write(folder: Path) -> None:
    """Replace a folder by one with a single file."""
    with own_folder(folder) as beside:
        (beside / "new").touch()


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusals come before any work."""

    def fail(*_: object) -> None:
        raise AssertionError("the theatre began to play")

    monkeypatch.setattr("dreamrelation.stages.puppets.write_data_set", fail)


@pytest.mark.usefixtures("nothing_is_drawn")
@pytest.mark.parametrize("content", ["weights.safetensors", "models/mochi/config.json", ".hidden", "manifest.json"])
def test_a_folder_with_files_of_others_is_refused_and_left_untouched(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "puppets"
    (folder / "empty").mkdir(parents=True)
    path = folder / content
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("precious")
    with pytest.raises(UserError, match=f"puppets.folder: found {folder} with {content} and without {MARKER}"):
        play(folder)
    assert path.read_text() == "precious" and (folder / "empty").is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["puppets"]


@pytest.mark.usefixtures("nothing_is_drawn")
def test_links_in_a_folder_count_as_content(tmp_path: Path) -> None:
    (tmp_path / "puppets").mkdir()
    (tmp_path / "puppets" / "clips").symlink_to(tmp_path)
    with pytest.raises(UserError, match="with clips and without"):
        play(tmp_path / "puppets")


@pytest.mark.usefixtures("nothing_is_drawn")
@pytest.mark.parametrize("named", [".", "..", "/", "", "here/..", "../work"])
def test_the_folder_that_the_program_runs_in_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    """Empty or even the theatre's own, it cannot be taken from under the program."""
    work = tmp_path / "work"
    work.mkdir()
    (work / MARKER).touch()
    (tmp_path / MARKER).touch()
    monkeypatch.chdir(work)
    with pytest.raises(UserError, match=r"puppets\.folder: found .* in which the program runs"):
        play(named)
    assert tree(tmp_path) == [MARKER, "work", f"work/{MARKER}"]


@pytest.mark.usefixtures("nothing_is_drawn")
def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(UserError, match=r"puppets\.folder: found the file .*/file, expected a folder"):
        play(tmp_path / "file")
    (tmp_path / "round").symlink_to("round")
    with pytest.raises(UserError, match=r"puppets\.folder: found the file .*/round, expected a folder"):
        play(tmp_path / "round")
    assert (tmp_path / "file").read_text() == "precious"


@pytest.mark.parametrize("before", [[], ["."], ["nturgb+d_rgb", "a/b/c"]])
def test_no_folder_and_empty_folders_are_played_into(tmp_path: Path, before: list[str]) -> None:
    folder = tmp_path / "data" / "ntu"
    for name in before:
        (folder / name).mkdir(parents=True)
    play(folder)
    assert (folder / "manifest.json").is_file() and (folder / MARKER).is_file()
    assert not (folder / "a").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["ntu"]


def test_the_theatres_own_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """Also after a workflow has removed the outputs that it knows, as it does before each run."""
    folder = tmp_path / "ntu"
    play(folder)
    first = tree(folder)
    for name in ("captions.tsv", "bad_clips.tsv", "true_masks.parquet", "manifest.json"):
        (folder / name).unlink()
    (folder / "nturgb+d_rgb" / "S001C001P099R001A051_rgb.avi").write_text("of an older programme")
    play(folder)
    assert tree(folder) == first


def test_what_a_link_points_to_is_replaced(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (tmp_path / "ntu").symlink_to(disk)
    (tmp_path / "later").symlink_to(tmp_path / "not_yet")
    for name in ("ntu", "later"):
        play(tmp_path / name)
        play(tmp_path / name)
        assert (tmp_path / name).is_symlink()
    assert (disk / "manifest.json").is_file() and (tmp_path / "not_yet" / "manifest.json").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "later", "not_yet", "ntu"]
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "file").write_text("precious")
    (tmp_path / "link").symlink_to(foreign)
    with pytest.raises(UserError, match=rf"{tmp_path}/link \({foreign}\) with file and without"):
        play(tmp_path / "link")


def test_files_that_came_while_it_played_are_not_lost(tmp_path: Path) -> None:
    folder = tmp_path / "ntu"
    with pytest.raises(UserError, match="with precious and without"), own_folder(folder):
        folder.mkdir()
        (folder / "precious").touch()
    assert tree(tmp_path) == ["ntu", "ntu/precious"]


@pytest.mark.parametrize("killed_at", range(10))
def test_whoever_is_killed_leaves_what_can_be_played_into_again(tmp_path: Path, killed_at: int) -> None:
    """Killed before each of the nine removals and renamings that replace this folder, and after them."""
    folder = tmp_path / "ntu"
    write(folder)
    for name in ("a/b.avi", "c.tsv", "z/y.skeleton"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    program = f"""
import os, signal, sys
from pathlib import Path
from dreamrelation.puppets.theatre.folder import own_folder
left = {killed_at}
def count(event, arguments):
    global left
    if event in ("os.remove", "os.rmdir", "os.rename"):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
with own_folder(Path({str(folder)!r})) as beside:
    (beside / "new").touch()
    sys.addaudithook(count)
"""
    run = subprocess.run([sys.executable, "-c", program], cwd="/", check=False)
    assert run.returncode == -9
    check_replaceable(folder)
    write(folder)
    assert tree(folder) == [MARKER, "new"]
    assert [path.name for path in tmp_path.iterdir()] == ["ntu"]
