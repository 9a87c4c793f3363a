"""Lists of what was written: a byte that was changed is noticed, named, and the file set aside."""

import subprocess
from pathlib import Path

import pytest

from dreamrelation.errors import UserError
from dreamrelation.listings import check_all_listed, check_listed, find_changed, listing_of, write_listing


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder with a file and a folder that one stage wrote, and a file of another stage."""
    (tmp_path / "videos").mkdir()
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / "videos" / name).write_bytes(name.encode())
    (tmp_path / "videos.parquet").write_bytes(b"rows")
    (tmp_path / "masks.png").write_bytes(b"picture")
    write_listing(listing_of(tmp_path / "videos.parquet"), [tmp_path / "videos", tmp_path / "videos.parquet"])
    write_listing(listing_of(tmp_path / "masks.png"), [tmp_path / "masks.png"])
    return tmp_path


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


def test_what_is_as_it_was_written_passes(results: Path) -> None:
    for name in ("videos", "videos.parquet", "masks.png", "absent.parquet"):
        check_listed(results / name)
    check_all_listed(results, lambda _: True)
    assert find_changed(results / "videos.sha256") is None


def test_the_lists_are_those_of_sha256sum(results: Path) -> None:
    told = subprocess.run(["sha256sum", "--check", "videos.sha256"], cwd=results, capture_output=True, text=True)
    assert told.returncode == 0
    assert told.stdout.splitlines() == ["videos/a.mp4: OK", "videos/b.mp4: OK", "videos.parquet: OK"]


def test_a_changed_file_is_named_and_set_aside(results: Path) -> None:
    flip(results / "masks.png")
    changed = (results / "masks.png").read_bytes()
    with pytest.raises(UserError, match=r"masks\.png: found the SHA-256 .* set aside as masks\.set-aside-1"):
        check_listed(results / "masks.png")
    assert not (results / "masks.png").exists()
    assert (results / "masks.set-aside-1.png").read_bytes() == changed
    check_listed(results / "videos")  # others are still good
    check_listed(results / "masks.png")  # what is not there is another reader's matter


def test_a_folder_is_set_aside_as_a_whole(results: Path) -> None:
    flip(results / "videos" / "b.mp4")
    check_listed(results / "videos.parquet")
    with pytest.raises(UserError, match=r"videos/b\.mp4: found .*videos is set aside as videos\.set-aside-1"):
        check_listed(results / "videos")
    assert sorted(path.name for path in results.iterdir() if path.is_dir()) == ["videos.set-aside-1"]


def test_a_file_that_is_missing_in_a_folder_is_noticed(results: Path) -> None:
    (results / "videos" / "a.mp4").unlink()
    with pytest.raises(UserError, match=r"videos/a\.mp4: no such file"):
        check_listed(results / "videos")


def test_the_files_of_a_whole_tree_that_are_read(results: Path) -> None:
    flip(results / "videos" / "b.mp4")
    check_all_listed(results, lambda path: "videos" not in path.parts)
    with pytest.raises(UserError, match=r"b\.mp4"):
        check_all_listed(results, lambda path: True)


def test_a_list_is_not_about_what_lies_above_it(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "file").write_bytes(b"1")
    write_listing(tmp_path / "a" / "list.sha256", [tmp_path / "file"])
    flip(tmp_path / "file")
    check_all_listed(tmp_path, lambda _: True)
    assert (tmp_path / "file").exists()


def test_a_list_that_is_none_is_named(results: Path) -> None:
    (results / "masks.sha256").write_bytes(b"\xff\x00")
    with pytest.raises(UserError, match=r"masks\.sha256: line 1 is no digest and file name"):
        check_listed(results / "masks.png")


def test_where_nothing_can_be_moved_the_message_says_what_to_do(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, target: Path) -> None:
        raise OSError(30, "Read-only file system")

    flip(results / "masks.png")
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(UserError, match=r"could not be set aside \(Read-only file system\); remove it"):
        check_listed(results / "masks.png")
