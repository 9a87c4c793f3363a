"""What the campaigns are made of does what they rely on; the campaigns themselves take minutes."""

import json
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.faults import worlds
from tests.faults.commands import StageCommand
from tests.faults.compared import compared_content, differences, digests, leftovers
from tests.faults.flips import flip
from tests.faults.in_process import in_child
from tests.faults.kills import AIMS, WHOM, draw_kill
from tests.faults.watching import Watch, output_of

from dreamrelation.errors import UserError
from dreamrelation.files import appearing


def training(seconds: float, loss: float) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"loss": [loss], "seconds": [seconds]}), sink)
    return sink.getvalue().to_pybytes()


def test_only_times_are_left_out_of_a_comparison() -> None:
    name = "hugging/direct_lora/training.parquet"
    assert compared_content(name, training(1.0, 2.0)) == compared_content(name, training(9.0, 2.0))
    assert compared_content(name, training(1.0, 2.0)) != compared_content(name, training(1.0, 2.5))
    page = b'<td>1</td><td>2</td><td>3</td></tr><section class="card" id="provenance">%b<h3>Versions</h3></section>'
    pages = [page % b"<h3>What it cost</h3>3 s", page % b"<h3>What it cost</h3>9 s", page % b"another model"]
    first, second, another = (compared_content("report/index.html", page) for page in pages)
    assert first == second != another and first.startswith(page[:20])
    rows = [b'<section class="card" id="provenance"><td>8 steps, %d s in them</td>' % s for s in (1, 2)]
    assert len({compared_content("report/relations/hugging.html", row) for row in rows}) == 1
    listing = b"aa  training.parquet\nbb  adapters.json\n"
    assert compared_content("hugging/direct_lora/training.sha256", listing) == b"bb  adapters.json"
    assert compared_content("hugging/direct_lora/training.sha256", b"aa  \xe6.json") == b"aa  \xe6.json"
    keys = [json.dumps(["v", "q", ["clip.avi", 7, time]]) for time in (1, 2)]
    memo = [json.dumps({"key": key, "answer": "fine", "crc32": key[::-1]}).encode() for key in keys]
    assert len({compared_content("clips/memo.jsonl", line) for line in memo}) == 1
    assert compared_content("a.csv", b"1") != compared_content("a.csv", b"2")


def test_differences_name_what_is_missing_too_much_and_another(tmp_path: Path) -> None:
    for folder, names in (("a", ("same", "gone", "other")), ("b", ("same", "new", "other"))):
        for name in (*names, "logs/x.log"):
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(folder if name == "other" else name)
    found = differences(digests(tmp_path / "a"), digests(tmp_path / "b"))
    assert found == ["missing: gone", "too much: new", "differs: other"]


def test_what_a_killed_job_leaves_is_found(tmp_path: Path) -> None:
    for name in (
        "results/x/.part-host-1-a.json",
        "results/x/resume/state.pt",
        "results/x/a.json",
        "data/d/.part-h-2-v",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = leftovers(tmp_path)
    assert found == ["data/d/.part-h-2-v", "results/x/.part-host-1-a.json", "results/x/resume"]


def test_a_watch_sees_each_write_once_also_in_new_folders(tmp_path: Path) -> None:
    watch = Watch([tmp_path])
    seen = []
    for name in ("a/b/one.json", "a/two.json"):
        with appearing(tmp_path / name) as beside:
            beside.write_text("x")
            seen += watch.look()
            assert watch.look() == []
    assert [output_of(path) for path in seen] == ["one.json", "two.json"]


def test_kills_are_drawn_again_as_they_were_and_reach_everyone() -> None:
    kills = [draw_kill(1, number) for number in range(20)]
    assert kills == [draw_kill(1, number) for number in range(20)] != [draw_kill(2, number) for number in range(20)]
    assert {(kill.whom, kill.aim) for kill in kills} == {(whom, aim) for whom in WHOM for aim in AIMS}
    shares = [kill.share for kill in kills]
    assert 0 <= min(shares) < 0.5 and 1.5 < max(shares) < 2 and 0.7 < sum(shares) / 20 < 1.3


def test_a_flip_changes_one_bit_of_this_copy_and_no_time(tmp_path: Path) -> None:
    path, other = tmp_path / "a", tmp_path / "b"
    path.write_bytes(b"\x00\x00")
    other.hardlink_to(path)
    time = path.stat().st_mtime_ns
    flip(path, 9)
    assert path.read_bytes() == b"\x00\x02" and other.read_bytes() == b"\x00\x00"
    assert path.stat().st_mtime_ns == time


def test_readers_of_a_file_are_those_who_name_it_or_its_folder() -> None:
    command = StageCommand("generate/x", ("generate", "--adapters", "r/m/adapters"), ("r/p.parquet",), ("r/m/videos",))
    assert command.reads("r/m/adapters/one.safetensors") and command.reads("r/p.parquet")
    assert not command.reads("r/m/videos/v.mp4") and not command.reads("r/m/other.json")


needs_mounts = pytest.mark.skipif(worlds.why_not() is not None, reason=str(worlds.why_not()))


@needs_mounts
def test_a_small_disk_is_full_and_leaves_no_part_of_an_output(tmp_path: Path) -> None:
    """Of `appearing`: what does not fit leaves the old output as it was."""

    def write() -> str:
        worlds.own_mounts()
        worlds.small_disk(tmp_path, 1 << 20)
        path = tmp_path / "output.bin"
        path.write_bytes(b"old")
        filler = worlds.fill(tmp_path, 8192)
        try:
            with appearing(path) as beside:
                beside.write_bytes(bytes(100_000))
        except UserError as error:
            told = str(error)
        else:
            told = "it fitted"
        names = sorted(file.name for file in tmp_path.iterdir())
        old = path.read_bytes()
        filler.unlink()
        with appearing(path) as beside:
            beside.write_bytes(b"new")
        return json.dumps([told, names, old.decode(), path.read_text()])

    told, names, old, new = json.loads(in_child(write))
    assert told == f"{tmp_path}/output.bin: cannot be written: No space left on device"
    assert names == ["filler", "output.bin"] and (old, new) == ("old", "new")
    assert list(tmp_path.iterdir()) == [], "the disk was the child's own"


@needs_mounts
def test_a_read_only_folder_is_so_for_root_as_well(tmp_path: Path) -> None:
    def write() -> str:
        worlds.own_mounts()
        worlds.read_only(tmp_path)
        try:
            (tmp_path / "x").touch()
        except OSError as error:
            told = os.strerror(error.errno or 0)
        else:
            told = "written"
        worlds.writable(tmp_path)
        (tmp_path / "x").touch()
        return told

    assert in_child(write) == "Read-only file system"


def test_modes_count_for_root_as_well(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("x")
    path.chmod(0)

    def read() -> str:
        worlds.without_superpowers()
        try:
            return path.read_text()
        except PermissionError:
            return "refused"

    assert in_child(read) == "refused"
    path.chmod(0o600)
    shutil.rmtree(tmp_path)
