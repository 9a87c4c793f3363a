"""The clips stage on the small theatre."""

import csv
import os
import shutil
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from dreamrelation.config import from_mapping
from dreamrelation.data.captions import read_captions
from dreamrelation.data.containers import look
from dreamrelation.data.ntu.discovery import find_clips, listed_clips
from dreamrelation.errors import UserError
from dreamrelation.puppets.theatre.ntu_writer import write_avi
from dreamrelation.settings.data import NtuData
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.overlay import overlay
from dreamrelation.settings.stages import ClipsStage
from dreamrelation.stages import clips
from dreamrelation.tables.rows import INDEX, SELECTION, IndexedClip, SelectedClip, cause

Staged = tuple[list[IndexedClip], list[SelectedClip]]
REASONS = {
    "too_short": "too short",
    "one_body": "one body",
    "third_body": "third body",
    "missing_skeleton": "missing skeleton",
    "truncated_video": "unreadable video",
    "frame_counts_differ": "frame counts differ",
}


def changed(settings: ExperimentSettings, **over: dict) -> ExperimentSettings:
    return from_mapping(overlay(settings.model_dump(), over), "the test")


def run(settings: ExperimentSettings, folder: Path, processes: int = 1) -> Staged:
    index, selection = folder / "index.parquet", folder / "selection.parquet"
    clips.run(
        settings=ClipsStage.of(settings),
        memo=folder / "memo.jsonl",
        index=index,
        selection=selection,
        processes=processes,
    )
    return INDEX.read(index), SELECTION.read(selection)


def test_each_bad_clip_is_refused_for_its_own_reason(staged: Staged, theatre: Path) -> None:
    index = {row.clip: row for row in staged[0]}
    with (theatre / "bad_clips.tsv").open() as file:
        flaws = list(csv.DictReader(file, delimiter="\t"))
    assert {flaw["flaw"] for flaw in flaws} == set(REASONS)
    for flaw in flaws:
        row = index[flaw["clip"]]
        assert (row.verdict, cause(row.reason)) == ("refused", REASONS[flaw["flaw"]])


def test_each_good_clip_is_selected_or_spare(staged: Staged, theatre: Path) -> None:
    with (theatre / "bad_clips.tsv").open() as file:
        bad = {row["clip"] for row in csv.DictReader(file, delimiter="\t")}
    good = [row for row in staged[0] if row.clip not in bad]
    assert Counter((row.relation, row.verdict) for row in good) == {
        (relation, verdict): count
        for relation in ("shaking_hands", "kicking")
        for verdict, count in (("selected", 4), ("spare", 1))
    }
    assert {row.clip for row in staged[1]} == {row.clip for row in good if row.verdict == "selected"}


def test_every_file_has_one_row(staged: Staged, theatre: Path) -> None:
    rows = Counter(row.video for row in staged[0])
    assert rows == {str(path): 1 for path in (theatre / "nturgb+d_rgb").iterdir()}
    skeletons = Counter(row.skeleton for row in staged[0] if row.skeleton is not None)
    assert skeletons == {str(path): 1 for path in (theatre / "nturgb+d_skeletons").iterdir()}


def test_files_that_are_not_asked_for_have_rows_and_are_not_opened(
    theatre_settings: ExperimentSettings, theatre: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "ntu"
    shutil.copytree(theatre, copy)
    videos, skeletons = copy / "nturgb+d_rgb", copy / "nturgb+d_skeletons"
    deeper = videos / "nturgbd_rgb_s001"
    deeper.mkdir()
    for name in (
        "holiday.avi",
        "S001C001P001R001A050_rgb.avi",
        "S001C001P001R001A001_rgb.avi",
        "S001C001P001R001A058.avi",
    ):
        (deeper / name).write_bytes(b"never opened")
    moved = next(iter(sorted(videos.glob("S001C002P001*A058*.avi"))))
    moved.rename(deeper / f"{moved.stem}.AVI")
    (skeletons / "S009C001P001R001A058.skeleton").write_text("never opened")
    data = {"videos": str(videos), "skeletons": str(skeletons)}
    index, selection = run(changed(theatre_settings, data=data), tmp_path)
    found = {row.video or row.skeleton: cause(row.reason) for row in index}
    assert found[str(deeper / "holiday.avi")] == "unknown name"
    assert found[str(deeper / "S001C001P001R001A050_rgb.avi")] == "not asked for"
    assert found[str(deeper / "S001C001P001R001A001_rgb.avi")] == "not asked for"
    assert found[str(skeletons / "S009C001P001R001A058.skeleton")] == "missing video"
    assert "duplicate" in (
        found[str(deeper / "S001C001P001R001A058.avi")],
        found[str(videos / "S001C001P001R001A058_rgb.avi")],
    )
    assert found[str(deeper / f"{moved.stem}.AVI")] in ("", "good, but 4 others were chosen")
    assert len(index) == len(list(videos.rglob("*.[aA][vV][iI]"))) + 1
    assert len(selection) == 8


def test_the_publishers_list_is_obeyed(theatre_settings: ExperimentSettings, theatre: Path, tmp_path: Path) -> None:
    listed = tmp_path / "missing.txt"
    listed.write_text("Samples with missing skeletons:\n\nS001C001P001R001A058\n")
    index, _ = run(changed(theatre_settings, data={"missing_skeletons": [str(listed)]}), tmp_path)
    reasons = {row.clip: row.reason for row in index}
    assert cause(reasons["S001C001P001R001A058"]) == "listed"
    with pytest.raises(UserError, match=r"data\.missing_skeletons"):
        listed_clips((str(tmp_path / "other.txt"),))
    listed.write_text("nothing")
    with pytest.raises(UserError, match="found no name of a clip"):
        listed_clips((str(listed),))


def test_processes_give_the_same_tables(
    theatre_settings: ExperimentSettings, staged: Staged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clips, "PARALLEL_FROM", 1)
    assert run(theatre_settings, tmp_path, processes=2) == staged


def test_too_few_clips_name_all_relations_and_write_nothing(
    theatre_settings: ExperimentSettings, theatre: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"expected at least 6; refused at 19 frames: .*1 too short") as error:
        run(changed(theatre_settings, clips={"per_relation": 6, "minimum": 6}), tmp_path)
    assert "shaking_hands" in str(error.value) and "kicking" in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["memo.jsonl"]


def test_longer_windows_fall_back(theatre_settings: ExperimentSettings, theatre: Path, tmp_path: Path) -> None:
    index, selection = run(changed(theatre_settings, clips={"pixel_frames": [61, 19]}), tmp_path)
    assert {row.pixel_frames for row in selection} == {19}
    reasons = {row.reason for row in index if row.verdict == "selected"}
    assert reasons == {"19 frames: only 0 of 61 frames are good, expected 4"}


def test_captions_come_from_the_file_or_from_the_relation(
    theatre_settings: ExperimentSettings, staged: Staged, theatre: Path, tmp_path: Path
) -> None:
    written = read_captions(theatre / "captions.tsv")
    assert all(row.caption == written[row.clip] for row in staged[1])
    _, own = run(changed(theatre_settings, data={"captions": None}), tmp_path)
    assert {row.caption for row in own} == {
        "A person is shaking hands with a person.",
        "A person is kicking a person.",
    }
    sparse = tmp_path / "captions.tsv"
    sparse.write_text("clip\tcaption\nS001C001P001R001A058\tTwo people.\n")
    with pytest.raises(UserError, match="no caption"):
        run(changed(theatre_settings, data={"captions": str(sparse)}), tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1"),
        ("clip caption\n", "line 1"),
        ("clip\tcaption\na\n", "line 2"),
        ("clip\tcaption\na\tb\na\tc\n", "line 3: .* twice"),
        ("clip\tcaption\na\t\udcff\n", "not tab-separated UTF-8 text"),
    ],
)
def test_broken_caption_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "captions.tsv"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(UserError, match=message):
        read_captions(path)


def test_missing_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere \(data\.videos\)"):
        find_clips(NtuData(videos=str(tmp_path / "nowhere"), skeletons=str(tmp_path)))
    with pytest.raises(UserError, match=r"found no \.avi"):
        find_clips(NtuData(videos=str(tmp_path), skeletons=str(tmp_path)))


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_video_that_was_cut_off_is_noticed(theatre: Path, tmp_path: Path, share: float) -> None:
    content = next(iter(sorted((theatre / "nturgb+d_rgb").glob("*P001*.avi")))).read_bytes()
    path = tmp_path / "cut.avi"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match=r"cut\.avi"):
        look(path)


def names(path: Path) -> list[str]:
    """Which files the index of a tree under `path` names, in order."""
    data = NtuData(videos=str(path), skeletons=str(path))
    return [str(file.relative_to(path)) for found in find_clips(data) for file in found.files]


def touched(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_links_that_lead_in_a_circle_add_nothing(
    theatre_settings: ExperimentSettings, staged: Staged, theatre: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "ntu"
    shutil.copytree(theatre, copy)
    videos, skeletons = copy / "nturgb+d_rgb", copy / "nturgb+d_skeletons"
    (videos / "a").mkdir()
    (videos / "a" / "round").symlink_to(videos)
    (videos / "again").symlink_to(videos / "a")
    (skeletons / "round").symlink_to(skeletons)
    (skeletons / "self.skeleton").symlink_to("self.skeleton")
    index, selection = run(
        changed(theatre_settings, data={"videos": str(videos), "skeletons": str(skeletons)}), tmp_path
    )
    assert [clip.clip for clip in selection] == [clip.clip for clip in staged[1]]
    known = {(row.clip, row.verdict) for row in staged[0]}
    assert len(index) == len(staged[0]) + 1, "the link that leads to itself is a file that cannot be used"
    assert {(row.clip, row.verdict) for row in index} == known | {("self", "refused")}


def test_linked_folders_are_searched_once_and_under_their_own_paths(tmp_path: Path) -> None:
    videos, elsewhere = tmp_path / "videos", tmp_path / "elsewhere"
    touched(videos / "b" / "one.avi")
    touched(elsewhere / "deep" / "two.avi")
    (videos / "a").symlink_to(videos / "b")
    (videos / "c").symlink_to(elsewhere)
    (videos / "d").symlink_to(elsewhere / "deep")
    (videos / "gone").symlink_to(tmp_path / "gone")
    assert names(videos) == ["b/one.avi", "c/deep/two.avi"]
    (tmp_path / "top").symlink_to(videos)
    assert names(tmp_path / "top") == ["b/one.avi", "c/deep/two.avi"]


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touched(tmp_path / "a" / "one.avi")
    touched(tmp_path / "b" / "two.avi")
    scan = os.scandir

    def fail(path: str) -> object:
        if str(path).endswith("b"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", fail)
    with pytest.warns(UserWarning, match=r"/b: left out, cannot be read: Permission denied"):
        assert names(tmp_path) == ["a/one.avi"]


@pytest.mark.skipif(sys.platform == "darwin", reason="this system refuses such names itself")
def test_names_that_are_no_text_are_refused_and_cost_no_other_clip(
    theatre_settings: ExperimentSettings, staged: Staged, theatre: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "ntu"
    shutil.copytree(theatre, copy)
    videos, skeletons = copy / "nturgb+d_rgb", copy / "nturgb+d_skeletons"
    strange = videos / os.fsdecode(b"0\xff")  # sorts before the files beside it
    again = "S001C001P001R001A058"
    shutil.copy(touched(strange / f"{again}_rgb.avi"), strange / "S009C001P001R001A058_rgb.avi")
    touched(videos / os.fsdecode(b"S008C001P001R001A058_rgb\xe9.avi"))
    touched(videos / os.fsdecode(b"a\xc3\xa9\xe9.avi"))
    touched(skeletons / os.fsdecode(b"\xff") / "S007C001P001R001A058.skeleton")
    touched(videos / "S007C001P001R001A058_rgb.avi")
    data = {"videos": str(videos), "skeletons": str(skeletons)}
    index, selection = run(changed(theatre_settings, data=data), tmp_path)
    assert [clip.clip for clip in selection] == [clip.clip for clip in staged[1]]
    assert {row.video for row in index} >= {str(videos / Path(row.video or "").name) for row in staged[0]}
    added = [row for row in index if cause(row.reason) == "name not UTF-8"]
    assert len(index) == len(staged[0]) + len(added) and {row.verdict for row in added} == {"refused"}
    assert {(row.clip, row.video, row.skeleton) for row in added} == {
        (again, f"{videos}/0\\xff/{again}_rgb.avi", None),
        ("S009C001P001R001A058", f"{videos}/0\\xff/S009C001P001R001A058_rgb.avi", None),
        ("S008C001P001R001A058_rgb\\xe9", f"{videos}/S008C001P001R001A058_rgb\\xe9.avi", None),
        ("aé\\xe9", f"{videos}/aé\\xe9.avi", None),
        (
            "S007C001P001R001A058",
            f"{videos}/S007C001P001R001A058_rgb.avi",
            f"{skeletons}/\\xff/S007C001P001R001A058.skeleton",
        ),
    }
    for row in added:
        assert any(f"found {path}," in row.reason for path in (row.video, row.skeleton))


def test_a_second_run_looks_at_nothing_again(
    theatre_settings: ExperimentSettings, theatre: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(theatre_settings, tmp_path)

    def never(*_: object, **__: object) -> str:
        raise AssertionError("a file was opened again")

    monkeypatch.setattr(clips, "inspect", never)
    monkeypatch.setattr(clips, "reason_not_proven", never)
    assert run(theatre_settings, tmp_path) == first
    with pytest.raises(AssertionError, match="opened again"):
        run(changed(theatre_settings, clips={"minimum_tracked_share": 0.5}), tmp_path)


def test_a_chosen_clip_that_does_not_decode_is_replaced_by_a_spare(
    theatre_settings: ExperimentSettings, staged: Staged, theatre: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "ntu"
    shutil.copytree(theatre, copy)
    videos, skeletons = copy / "nturgb+d_rgb", copy / "nturgb+d_skeletons"
    broken = next(row for row in staged[1] if row.relation == "kicking")
    path = videos / Path(broken.video).name
    content = bytearray(path.read_bytes())
    start = content.index(b"movi") + 500
    content[start : start + 200] = np.random.default_rng(0).bytes(200)
    path.write_bytes(content)
    data = {"videos": str(videos), "skeletons": str(skeletons)}
    index, selection = run(changed(theatre_settings, data=data), tmp_path)
    row = next(row for row in index if row.clip == broken.clip)
    assert row.verdict == "refused" and cause(row.reason) == "unreadable video" and path.name in row.reason
    before, after = ({row.clip for row in rows if row.relation == "kicking"} for rows in (staged[1], selection))
    spare = {row.clip for row in staged[0] if row.relation == "kicking" and row.verdict == "spare"}
    assert after == before - {broken.clip} | spare


def test_clips_are_resampled_to_the_rate_at_which_the_model_sees_them(
    theatre_settings: ExperimentSettings, staged: Staged, tmp_path: Path
) -> None:
    """The theatre films at 10 frames per second."""
    _, selection = run(changed(theatre_settings, clips={"frames_per_second": 5, "pixel_frames": [13]}), tmp_path)
    for row in selection:
        assert np.diff(row.frames).tolist() == [2] * 12
        assert row.frames_per_second == 5 and row.source_frames_per_second == pytest.approx(10)
        assert row.start_seconds == pytest.approx(row.frames[0] / 10)
    assert all(np.diff(row.frames).tolist() == [1] * 18 for row in staged[1])
    with pytest.raises(UserError, match="6 frame rate too low"):
        run(changed(theatre_settings, clips={"frames_per_second": 16}), tmp_path)


def test_held_out_clips_are_selected_besides(
    theatre_settings: ExperimentSettings, staged: Staged, tmp_path: Path
) -> None:
    index, selection = run(changed(theatre_settings, clips={"held_out": 3}), tmp_path)
    splits = Counter((row.relation, row.split) for row in selection)
    assert splits == {(r, s): n for r in ("shaking_hands", "kicking") for s, n in (("train", 4), ("held out", 1))}
    learnt = [row for row in selection if row.split == "train"]
    assert learnt == staged[1]
    verdicts = {row.clip: row.verdict for row in index}
    assert all(verdicts[row.clip] == {"train": "selected"}.get(row.split, row.split) for row in selection)


def test_a_black_video_and_a_frozen_skeleton_are_refused(
    theatre_settings: ExperimentSettings, staged: Staged, theatre: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "ntu"
    shutil.copytree(theatre, copy)
    videos, skeletons = copy / "nturgb+d_rgb", copy / "nturgb+d_skeletons"
    black, frozen = (next(row for row in staged[1] if row.relation == r) for r in ("kicking", "shaking_hands"))
    write_avi(videos / Path(black.video).name, np.zeros((black.source_frames, 144, 256, 3), np.uint8))
    path = skeletons / Path(frozen.skeleton or "").name
    lines = path.read_text().splitlines()
    body = 1 + 2 * 27
    start = next(i for i in range(1, len(lines)) if lines[i] == "2")
    path.write_text("\n".join([lines[0], *lines[start : start + body] * int(lines[0])]) + "\n")
    data = {"videos": str(videos), "skeletons": str(skeletons)}
    index, selection = run(changed(theatre_settings, data=data), tmp_path)
    reasons = {row.clip: cause(row.reason) for row in index}
    assert (reasons[black.clip], reasons[frozen.clip]) == ("blank picture", "frozen skeleton")
    assert len(selection) == 8, "spares take their places"
