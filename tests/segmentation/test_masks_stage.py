import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from tests.segmentation.conftest import WORKING, RenderedClip

from dreamrelation.errors import UserError
from dreamrelation.segmentation.run_lengths import decode, stored_masks
from dreamrelation.segmentation.truth import true_masks
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.masks import MaskSettings
from dreamrelation.settings.stages import FrameSize, MasksStage
from dreamrelation.stages import masks as stage
from dreamrelation.tables.rows import MASKS, REJECTIONS, SELECTION, TRUE_MASKS, SelectedClip

FRAMES = 7


def settings_with(truth: Path | None, minimum: int, segmenter: str = "skeleton_grabcut", **masks: float) -> MasksStage:
    given = {"segmenter": {"kind": segmenter}, "working_scale": 2.0, "truth": truth and str(truth), **masks}
    return MasksStage(size=FrameSize(height=64, width=96), minimum=minimum, masks=MaskSettings.model_validate(given))


@dataclasses.dataclass(frozen=True)
class Window:
    """What `data.reading` gives of joints."""

    joints: np.ndarray
    tracked: np.ndarray


class Theatre:
    """Two good clips of hugging, one whose joints are off its second body, and a clip of another relation."""

    def __init__(self, rendered: Callable[..., RenderedClip], true_rows: Callable, folder: Path) -> None:
        self.folder = folder
        self.clips = {c.row.clip: c for c in (rendered("hugging", 0), rendered("hugging", 1), rendered("hugging", 2))}
        self.bad = "hugging_2"
        clips = [*self.clips.values(), rendered("kicking", 0)]
        self.selection, self.truth = folder / "selection.parquet", folder / "true_masks.parquet"
        self.select([clip.row for clip in clips])
        TRUE_MASKS.write(self.truth, true_rows(clips))

    def select(self, rows: list[SelectedClip]) -> None:
        SELECTION.write(self.selection, rows)

    def read_frames(self, clip: SelectedClip, height: int, width: int) -> np.ndarray:
        assert (height, width) == WORKING
        return self.clips[clip.clip].view().frames

    def read_joints(self, clip: SelectedClip, height: int, width: int) -> Window:
        assert (height, width) == WORKING and clip.skeleton is not None
        joints = self.clips[clip.clip].view().needed_joints()
        places = joints.places.copy()
        if clip.clip == self.bad:
            places[:, 1, :20] = np.nan
        return Window(places, joints.tracked)

    def run(self, settings: MasksStage, name: str = "out", relation: str = "hugging") -> dict[str, Path]:
        out = {
            "masks": self.folder / name / "masks.parquet",
            "contact_sheet": self.folder / name / "sheet.png",
            "rejections": self.folder / name / "rejections.parquet",
        }
        machine = MachineSettings(device="cpu")
        stage.run(settings=settings, machine=machine, relation=relation, selection=self.selection, **out)
        return out


@pytest.fixture
def theatre(rendered, true_rows, tmp_path, monkeypatch) -> Theatre:
    made = Theatre(rendered, true_rows, tmp_path)
    monkeypatch.setattr(stage, "read_frames", made.read_frames)
    monkeypatch.setattr(stage, "read_joints", made.read_joints)
    return made


def test_the_stage_end_to_end(theatre, capsys):
    out = theatre.run(settings_with(theatre.truth, 2))
    rows = MASKS.read(out["masks"])
    good = [clip for clip in theatre.clips if clip != theatre.bad]
    places = [(row.clip, row.frame, row.subject) for row in rows]
    assert places == [(clip, frame, subject) for clip in good for frame in range(FRAMES) for subject in (1, 2)]
    assert pq.ParquetFile(out["masks"]).num_row_groups == len(good)
    ious = np.array([row.truth_iou for row in rows]).reshape(-1, 2)
    assert (np.median(ious, axis=0) >= 0.85).all()
    for row in rows:
        mask = decode(row.counts, 64, 96)
        assert row.area_share == pytest.approx(mask.mean())
        assert row.joints_inside_share is not None and 0 <= row.joints_inside_share <= 1
    (rejected,) = REJECTIONS.read(out["rejections"])
    assert rejected.clip == theatre.bad and rejected.reason.startswith("found no frame with a head")
    assert Image.open(out["contact_sheet"]).height > 3 * 128
    said = capsys.readouterr().err
    assert "hugging: median IoU with the truth" in said and f"{theatre.bad}: refused" in said


def test_subject_1_is_the_selection_s_whatever_the_file_s_order(theatre):
    out = theatre.run(settings_with(theatre.truth, 2))
    clip = theatre.clips["hugging_0"]
    found = stored_masks(MASKS.read(out["masks"]), "hugging_0", FRAMES)
    true = true_masks(TRUE_MASKS.read(theatre.truth), clip.row, 64, 96)
    # the fixture numbers the skeleton file's bodies against the subjects' order
    assert (found[:, 0] & true[1]).sum() > 5 * (found[:, 0] & true[0]).sum()


def test_the_same_inputs_give_the_same_files(theatre):
    settings = settings_with(theatre.truth, 2)
    first, second = theatre.run(settings, "first"), theatre.run(settings, "second")
    for name in first:
        assert first[name].read_bytes() == second[name].read_bytes()


def test_without_a_truth_its_column_is_empty(theatre):
    out = theatre.run(settings_with(None, 2))
    assert {row.truth_iou for row in MASKS.read(out["masks"])} == {None}


def test_too_few_usable_clips_are_an_error_with_every_reason(theatre):
    with pytest.raises(UserError, match=r"(?s)hugging: found 2 clips .* at least 3 .*refused:.*hugging_2: found no"):
        theatre.run(settings_with(None, 3))
    assert not (theatre.folder / "out").exists()


def test_clips_whose_masks_hold_too_few_joints_are_refused(theatre):
    with pytest.raises(UserError, match=r"(?s)found 0 clips.*hugging_0: subject \d's mask holds"):
        theatre.run(settings_with(None, 1, minimum_joints_inside=1.0))


def test_an_unknown_relation_is_an_error(theatre):
    with pytest.raises(UserError, match=r"selection\.parquet: found no clip of pushing, expected at least 2"):
        theatre.run(settings_with(None, 2), relation="pushing")


def test_a_truth_without_the_clip_is_an_error(theatre):
    rows = [row for row in TRUE_MASKS.read(theatre.truth) if not (row.clip == "hugging_1" and row.frame == 5)]
    TRUE_MASKS.write(theatre.truth, rows)
    with pytest.raises(UserError, match="masks.truth: hugging_1: found no true mask of body 0 in frame 5"):
        theatre.run(settings_with(theatre.truth, 2))
    TRUE_MASKS.write(theatre.truth, [row for row in rows if row.body == 0])
    with pytest.raises(UserError, match="masks.truth: hugging_0: found true masks of 1 bodies in the window"):
        theatre.run(settings_with(theatre.truth, 2))


def test_a_crop_that_leaves_the_true_masks_is_an_error(theatre):
    theatre.select([dataclasses.replace(clip.row, crop_left=250) for clip in theatre.clips.values()])
    with pytest.raises(UserError, match=r"masks.truth: hugging_0: the crop of .* at \(250, \d+\) leaves the true mask"):
        theatre.run(settings_with(theatre.truth, 2))


def test_clips_without_skeletons_get_masks_from_a_segmenter_that_needs_none(theatre):
    theatre.select([dataclasses.replace(clip.row, skeleton=None) for clip in theatre.clips.values()])
    out = theatre.run(settings_with(None, 3, segmenter="tests.segmentation.parts:Halves"))
    rows = MASKS.read(out["masks"])
    assert {row.clip for row in rows} == set(theatre.clips) and {row.joints_inside_share for row in rows} == {None}
    first = stored_masks(rows, "hugging_0", FRAMES)[:, 0]
    assert first[:, :, :32].all() and not first[:, :, 33:].any()
    with pytest.raises(UserError, match="hugging_0: found no skeleton, which this segmenter needs"):
        theatre.run(settings_with(None, 3))
