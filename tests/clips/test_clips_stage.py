"""The clips stage on the small theatre."""

import csv
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from dreamrelation import tables
from dreamrelation.clips import stage
from dreamrelation.clips.captions import read_captions
from dreamrelation.clips.containers import measure
from dreamrelation.clips.discovery import find_clips, listed_clips
from dreamrelation.clips.refusal import cause
from dreamrelation.config import from_mapping
from dreamrelation.settings.experiment import ExperimentSettings, overlay
from dreamrelation.video import encode

Staged = tuple[list[dict], list[dict]]
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


def run(settings: ExperimentSettings, folder: Path) -> Staged:
    stage.run(settings, folder / "index.parquet", folder / "selection.parquet")
    return (
        tables.read(folder / "index.parquet", tables.INDEX).to_pylist(),
        tables.read(folder / "selection.parquet", tables.SELECTION).to_pylist(),
    )


def test_each_bad_clip_is_refused_for_its_own_reason(staged: Staged, theatre: Path) -> None:
    index = {row["clip"]: row for row in staged[0]}
    with (theatre / "bad_clips.tsv").open() as file:
        flaws = list(csv.DictReader(file, delimiter="\t"))
    assert {flaw["flaw"] for flaw in flaws} == set(REASONS)
    for flaw in flaws:
        row = index[flaw["clip"]]
        assert (row["verdict"], cause(row["reason"])) == ("refused", REASONS[flaw["flaw"]])


def test_each_good_clip_is_selected_or_spare(staged: Staged, theatre: Path) -> None:
    with (theatre / "bad_clips.tsv").open() as file:
        bad = {row["clip"] for row in csv.DictReader(file, delimiter="\t")}
    good = [row for row in staged[0] if row["clip"] not in bad]
    assert Counter((row["relation"], row["verdict"]) for row in good) == {
        (relation, verdict): count
        for relation in ("shaking_hands", "kicking")
        for verdict, count in (("selected", 4), ("spare", 1))
    }
    assert {row["clip"] for row in staged[1]} == {row["clip"] for row in good if row["verdict"] == "selected"}


def test_every_file_has_one_row(staged: Staged, theatre: Path) -> None:
    rows = Counter(row["video"] for row in staged[0])
    assert rows == {str(path): 1 for path in (theatre / "nturgb+d_rgb").iterdir()}
    skeletons = Counter(row["skeleton"] for row in staged[0] if row["skeleton"] is not None)
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
    found = {row["video"] or row["skeleton"]: cause(row["reason"]) for row in index}
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
    reasons = {row["clip"]: row["reason"] for row in index}
    assert cause(reasons["S001C001P001R001A058"]) == "listed"
    with pytest.raises(FileNotFoundError, match=r"data\.missing_skeletons"):
        listed_clips((str(tmp_path / "other.txt"),))
    listed.write_text("nothing")
    with pytest.raises(ValueError, match="found no name of a clip"):
        listed_clips((str(listed),))


def test_processes_give_the_same_tables(
    theatre_settings: ExperimentSettings, staged: Staged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "PARALLEL_FROM", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert run(theatre_settings, tmp_path) == staged


def test_too_few_clips_name_all_relations_and_write_nothing(
    theatre_settings: ExperimentSettings, theatre: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"expected at least 6; refused at 19 frames: .*1 too short") as error:
        run(changed(theatre_settings, clips={"per_relation": 6, "minimum": 6}), tmp_path)
    assert "shaking_hands" in str(error.value) and "kicking" in str(error.value)
    assert not list(tmp_path.iterdir())


def test_longer_windows_fall_back(theatre_settings: ExperimentSettings, theatre: Path, tmp_path: Path) -> None:
    index, selection = run(changed(theatre_settings, clips={"pixel_frames": [61, 19]}), tmp_path)
    assert {row["pixel_frames"] for row in selection} == {19}
    reasons = {row["reason"] for row in index if row["verdict"] == "selected"}
    assert reasons == {"19 frames: only 0 of 61 frames are good, expected 4"}


def test_captions_come_from_the_file_or_from_the_relation(
    theatre_settings: ExperimentSettings, staged: Staged, theatre: Path, tmp_path: Path
) -> None:
    written = read_captions(theatre / "captions.tsv")
    assert all(row["caption"] == written[row["clip"]] for row in staged[1])
    _, own = run(changed(theatre_settings, data={"captions": None}), tmp_path)
    assert {row["caption"] for row in own} == {
        "A person is shaking hands with a person.",
        "A person is kicking a person.",
    }
    sparse = tmp_path / "captions.tsv"
    sparse.write_text("clip\tcaption\nS001C001P001R001A058\tTwo people.\n")
    with pytest.raises(ValueError, match=r"found no caption in data\.captions"):
        run(changed(theatre_settings, data={"captions": str(sparse)}), tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1"),
        ("clip caption\n", "line 1"),
        ("clip\tcaption\na\n", "line 2"),
        ("clip\tcaption\na\tb\na\tc\n", "twice"),
    ],
)
def test_broken_caption_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "captions.tsv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_captions(path)


def test_missing_folders_are_named(theatre_settings: ExperimentSettings, tmp_path: Path) -> None:
    nowhere = changed(theatre_settings, data={"videos": str(tmp_path / "nowhere"), "skeletons": str(tmp_path)})
    with pytest.raises(FileNotFoundError, match=r"nowhere \(data\.videos\)"):
        find_clips(nowhere.data)
    with pytest.raises(FileNotFoundError, match=r"found no \.avi"):
        find_clips(changed(nowhere, data={"videos": str(tmp_path)}).data)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_film_that_was_cut_off_is_never_measured(theatre: Path, tmp_path: Path, share: float) -> None:
    content = next(iter(sorted((theatre / "nturgb+d_rgb").glob("*P001*.avi")))).read_bytes()
    path = tmp_path / "cut.avi"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"cut\.avi"):
        measure(path)


def test_measure_counts_decoded_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    encode(path, np.zeros((7, 32, 48, 3), np.uint8), 10, codec="mpeg4", options={"qmin": "2"})
    assert measure(path) == (7, (48, 32))
