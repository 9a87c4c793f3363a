from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dreamrelation import tables
from dreamrelation.masks import stage
from dreamrelation.masks.encoding import decode, stored_masks
from dreamrelation.masks.segmenters import ClipView
from dreamrelation.masks.truth import true_masks
from dreamrelation.settings.experiment import ExperimentSettings

FRAMES = 7


def settings_with(truth: str | None, minimum: int, **masks: float) -> ExperimentSettings:
    return ExperimentSettings.model_validate(
        {
            "experiment": "test",
            "relations": ["hugging", "kicking"],
            "data": {"videos": "videos", "skeletons": "skeletons"},
            "clips": {"height": 64, "width": 96, "pixel_frames": [FRAMES], "minimum": minimum},
            "masks": {"segmenter": "skeleton_grabcut", "working_scale": 2.0, "truth": truth, **masks},
            "model": {"device": "cpu"},
            "methods": {"dreamrelation": {}},
            "generation": {"subjects": [["dog", "cat"]]},
        }
    )


class Theatre:
    """Two good clips of hugging, one whose joints are off its second body, and a clip of another relation."""

    def __init__(self, film, true_table, folder: Path) -> None:
        self.folder = folder
        self.films = {f.row["clip"]: f for f in (film("hugging", 0), film("hugging", 1), film("hugging", 2))}
        self.bad = "hugging_2"
        self.other = film("kicking", 0)
        films = [*self.films.values(), self.other]
        self.selection, self.truth = folder / "selection.parquet", folder / "true_masks.parquet"
        tables.write(self.selection, tables.SELECTION, [f.row for f in films])
        tables.write(self.truth, tables.TRUE_MASKS, true_table(films).to_pylist())

    def view(self, row: dict) -> ClipView:
        view = self.films[row["clip"]].view()
        if row["clip"] != self.bad:
            return view
        joints = view.joints.copy()
        joints[:, 1, :20] = np.nan
        return ClipView(view.name, view.frames, joints, view.tracked)

    def run(self, settings: ExperimentSettings, name: str = "out") -> dict[str, Path]:
        out = {
            "masks": self.folder / name / "masks.parquet",
            "contact_sheet": self.folder / name / "sheet.png",
            "rejections": self.folder / name / "rejections.parquet",
        }
        stage.run(settings, "hugging", self.selection, views=self.view, **out)
        return out


@pytest.fixture
def theatre(film, true_table, tmp_path) -> Theatre:
    return Theatre(film, true_table, tmp_path)


def test_the_stage_end_to_end(theatre, capsys):
    settings = settings_with(str(theatre.truth), 2)
    out = theatre.run(settings)
    table = tables.read(out["masks"], tables.MASKS)
    rows = table.to_pylist()
    good = [clip for clip in theatre.films if clip != theatre.bad]
    places = [(row["clip"], row["frame"], row["subject"]) for row in rows]
    assert places == [(clip, frame, subject) for clip in good for frame in range(FRAMES) for subject in (1, 2)]
    assert pq.ParquetFile(out["masks"]).num_row_groups == len(good)
    ious = np.array([row["truth_iou"] for row in rows]).reshape(-1, 2)
    assert (np.median(ious, axis=0) >= 0.85).all()
    for row in rows:
        mask = decode(row["counts"], 64, 96)
        assert row["area_share"] == pytest.approx(mask.mean()) and 0 <= row["joints_inside_share"] <= 1
    rejected = tables.read(out["rejections"], tables.REJECTIONS).to_pylist()
    assert [row["clip"] for row in rejected] == [theatre.bad]
    assert "found no frame with a head" in rejected[0]["reason"]
    assert Image.open(out["contact_sheet"]).height > 3 * 128
    said = capsys.readouterr().err
    assert "hugging: median IoU with the truth" in said and f"{theatre.bad}: refused" in said


def test_subject_1_is_the_views_first_body_whatever_the_files_order(theatre):
    out = theatre.run(settings_with(str(theatre.truth), 2))
    clip = theatre.films["hugging_0"]
    found = stored_masks(tables.read(out["masks"], tables.MASKS), "hugging_0", FRAMES)
    true = true_masks(tables.read(theatre.truth, tables.TRUE_MASKS), clip.row, 64, 96)
    # the fixture numbers the skeleton file's bodies against the subjects' order
    assert (found[:, 0] & true[1]).sum() > 5 * (found[:, 0] & true[0]).sum()


def test_the_same_inputs_give_the_same_files(theatre):
    settings = settings_with(str(theatre.truth), 2)
    first, second = theatre.run(settings, "first"), theatre.run(settings, "second")
    for name in first:
        assert first[name].read_bytes() == second[name].read_bytes()


def test_without_a_truth_its_column_is_empty(theatre):
    out = theatre.run(settings_with(None, 2))
    assert set(tables.read(out["masks"], tables.MASKS)["truth_iou"].to_pylist()) == {None}


def test_too_few_usable_clips_are_an_error_with_every_reason(theatre):
    with pytest.raises(ValueError, match=r"(?s)hugging: found 2 clips .* at least 3; refused:.*hugging_2: found no"):
        theatre.run(settings_with(None, 3))
    assert not (theatre.folder / "out").exists()


def test_clips_whose_masks_hold_too_few_joints_are_refused(theatre):
    with pytest.raises(ValueError, match=r"(?s)found 0 clips.*hugging_0: subject \d's mask holds"):
        theatre.run(settings_with(None, 1, minimum_joints_inside=1.0))


def test_an_unknown_relation_or_a_wrong_view_is_an_error(theatre):
    settings = settings_with(None, 2)
    with pytest.raises(ValueError, match="found no clip of pushing"):
        stage.run(settings, "pushing", theatre.selection, *[theatre.folder / "x"] * 3, views=theatre.view)
    larger = settings.model_copy(update={"masks": settings.masks.model_copy(update={"working_scale": 1.0})})
    with pytest.raises(ValueError, match=r"hugging_0: found the view .* expected \(7, 64, 96, 3\)"):
        theatre.run(larger)


def test_a_truth_without_the_clip_is_an_error(theatre):
    table = tables.read(theatre.truth, tables.TRUE_MASKS)
    rows = [row for row in table.to_pylist() if not (row["clip"] == "hugging_1" and row["frame"] == 5)]
    tables.write(theatre.truth, tables.TRUE_MASKS, rows)
    with pytest.raises(ValueError, match="hugging_1: found no true mask of body 0 in frame 5"):
        theatre.run(settings_with(str(theatre.truth), 2))
