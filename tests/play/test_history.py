"""The history on disk: whole entries, broken ones with their reason, and no way out of its folder."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.play.fake import FIRST, FakeMaker, desk_with

from dreamrelation.play.desk import Desk
from dreamrelation.play.history import Broken, Entry, History, new_id
from dreamrelation.play.making import Pace, Watch

NOW = datetime(2026, 11, 27, 3, 38, 12, tzinfo=UTC)


@pytest.fixture
def history(tmp_path: Path) -> History:
    """With one entry."""
    history, maker = History(tmp_path / "play"), FakeMaker()
    id = new_id(NOW)
    with history.adding(id) as folder:
        made = maker.make(FIRST, folder, Watch(Pace()))
        history.write(Entry(id, "hugging", FIRST, made, NOW, NOW), folder)
    return history


def test_an_entry_comes_back_as_it_was(history: History) -> None:
    (id,) = history.ids()
    assert id == "20261127-033812-000000"
    entry = history.find(id)
    assert isinstance(entry, Entry) and entry.order == FIRST and entry.started == NOW
    assert [video.file for video in entry.made.videos] == ["base.mp4", "learned.mp4"]
    assert sorted(path.name for path in (history.folder / id).iterdir()) == [
        "base.jpg", "base.mp4", "learned.jpg", "learned.mp4", "request.json"
    ]  # fmt: skip


def test_the_newest_come_first_and_what_is_not_ours_is_passed_over(history: History) -> None:
    (old,) = history.ids()
    newer = new_id(NOW.replace(hour=4))
    for name in (newer, ".part-host-1-20261127-033812-000000", "notes", "20261127-033812-00000g"):
        (history.folder / name).mkdir()
    assert history.ids() == [newer, old]
    assert History(history.folder / "nowhere").ids() == []


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        ("cut", "request.json is not what was written: Invalid JSON"),
        ("field", "request.json is not what was written: order.seed: Field required"),
        ("list", "request.json is not what was written:"),
        ("no facts", "request.json cannot be read: No such file"),
        ("no video", "there is no base.mp4"),
        ("no still", "there is no learned.jpg"),
        ("other bytes", "base.mp4 has the SHA-256"),
        ("link", "there is no base.mp4"),
        ("another's", "request.json is that of the request 20261127-033812-999999"),
        ("outside", "there is no ../../secret.mp4"),
    ],
)
def test_a_broken_entry_is_told_with_its_reason_and_stays(history: History, harm: str, reason: str) -> None:
    (id,) = history.ids()
    folder = history.folder / id
    facts, video = folder / "request.json", folder / "base.mp4"
    content = json.loads(facts.read_text())
    if harm == "cut":
        facts.write_bytes(facts.read_bytes()[:-30])
    elif harm == "field":
        del content["order"]["seed"]
        facts.write_text(json.dumps(content))
    elif harm == "list":
        facts.write_text("[]")
    elif harm == "no facts":
        facts.unlink()
    elif harm == "no video":
        video.unlink()
    elif harm == "no still":
        (folder / "learned.jpg").unlink()
    elif harm == "other bytes":
        video.write_bytes(video.read_bytes()[:-1])
    elif harm == "link":
        video.rename(history.folder / "elsewhere.mp4")
        video.symlink_to(history.folder / "elsewhere.mp4")
    elif harm == "another's":
        facts.write_text(json.dumps({**content, "id": "20261127-033812-999999"}))
    else:
        (history.folder.parent / "secret.mp4").write_bytes(b"secret")
        content["made"]["videos"][0]["file"] = "../../secret.mp4"
        facts.write_text(json.dumps(content))
    before = sorted(folder.iterdir())
    found = history.find(id)
    assert isinstance(found, Broken) and found.reason.startswith(reason)
    assert history.ids() == [id] and sorted(folder.iterdir()) == before


def test_only_files_of_the_history_are_given(history: History) -> None:
    (id,) = history.ids()
    (history.folder.parent / "secret.mp4").write_bytes(b"secret")
    assert history.file(id, "base.mp4") == history.folder / id / "base.mp4"
    for place, name in (
        (id, "request.json"), (id, "../../secret.mp4"), ("..", "secret.mp4"), (id, "other.mp4"), ("", "base.mp4"),
        (id, "base.mp4\n"), (f"{id}\n", "base.mp4"), (f"../play/{id}", "base.mp4"),
    ):  # fmt: skip
        assert history.file(place, name) is None
    for name in ("..", ".", "", f"{id}/", "nobody"):
        assert history.find(name) is None


def test_a_request_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    history = History(tmp_path / "play")
    with pytest.raises(KeyError), history.adding(new_id(NOW)) as folder:
        (folder / "base.mp4").write_bytes(b"half")
        raise KeyError
    assert list(history.folder.iterdir()) == []


def test_only_the_folder_of_the_history_is_written_to(tmp_path: Path) -> None:
    desk: Desk = desk_with(FakeMaker(), tmp_path)
    desk.submit(FIRST)
    desk.queue.close()
    assert [path.name for path in tmp_path.iterdir()] in ([], ["play"])
