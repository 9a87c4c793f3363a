"""What later stages read of the selected clips, against the theatre's truth."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from pycocotools import mask as run_lengths

from dreamrelation.data.reading import read_frames, read_joints
from dreamrelation.errors import UserError
from dreamrelation.tables.rows import TRUE_MASKS, IndexedClip, SelectedClip

HEIGHT, WIDTH = 64, 96
TORSO = (1, 20)
Staged = tuple[list[IndexedClip], list[SelectedClip]]


@pytest.fixture(scope="module")
def truth(theatre: Path) -> dict[tuple[str, int, int], np.ndarray]:
    """(clip, frame, body) → the true mask."""
    return {
        (row.clip, row.frame, row.body): run_lengths.decode({"size": [row.height, row.width], "counts": row.counts})
        for row in TRUE_MASKS.read(theatre / "true_masks.parquet")
    }


def cropped(mask: np.ndarray, row: SelectedClip) -> np.ndarray:
    rows = slice(row.crop_top, row.crop_top + row.crop_height)
    columns = slice(row.crop_left, row.crop_left + row.crop_width)
    return cv2.resize(mask[rows, columns], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) > 0


def test_torsos_lie_in_their_own_true_masks(staged: Staged, truth: dict) -> None:
    """Mid-spine and spine-shoulder of whoever is not behind the other one."""
    for row in staged[1]:
        window = read_joints(row, HEIGHT, WIDTH)
        inside = []
        for frame in range(row.pixel_frames):
            for subject in range(2):
                mask = cropped(truth[row.clip, row.frames[frame], window.bodies[subject]], row)
                x, y = np.round(window.joints[frame, subject, TORSO]).astype(int).T
                inside += mask[y, x].tolist()
        assert np.mean(inside) > 0.97


def test_figures_are_framed_as_the_base_model_knows_them(staged: Staged, truth: dict) -> None:
    for row in staged[1]:
        for body in range(2):
            mask = truth[row.clip, row.frames[0], body]
            ys = np.flatnonzero(mask.any(axis=1))
            top, bottom = row.crop_top, row.crop_top + row.crop_height
            assert top <= ys[0] and ys[-1] < bottom
            assert 0.62 <= (ys[-1] + 1 - ys[0]) / row.crop_height <= 0.8
            assert 0.9 <= (ys[-1] + 1 - top) / row.crop_height <= 0.99


def test_frames_and_joints_have_the_window_s_size(staged: Staged) -> None:
    row = staged[1][0]
    frames = read_frames(row, HEIGHT, WIDTH)
    assert frames.shape == (row.pixel_frames, HEIGHT, WIDTH, 3) and frames.dtype == np.uint8
    window = read_joints(row, HEIGHT, WIDTH)
    assert window.joints.shape == (row.pixel_frames, 2, 25, 2)
    assert window.tracked.shape == (row.pixel_frames, 2, 25)
    tracked = window.joints[window.tracked]
    assert (tracked > -0.5).all() and (tracked < [WIDTH - 0.5, HEIGHT - 0.5]).all()


def test_subjects_are_the_renderers(staged: Staged) -> None:
    """The theatre's skeletons start with the actor; in a handshake subject 1 is the one on the left."""
    for row in staged[1]:
        window = read_joints(row, HEIGHT, WIDTH)
        if row.relation == "kicking":
            assert row.subject_rule == "actor_foot" and window.bodies == (0, 1)
        else:
            assert row.subject_rule == "left"
            assert window.joints[0, 0, 0, 0] < window.joints[0, 1, 0, 0]
    kicks = [read_joints(row, HEIGHT, WIDTH) for row in staged[1] if row.relation == "kicking"]
    assert all(w.joints.shape[1] == 2 for w in kicks)


def test_subject_order_follows_the_row(staged: Staged) -> None:
    row = staged[1][0]
    other = replace(row, subject1_track=1 - row.subject1_track)
    a, b = read_joints(row, HEIGHT, WIDTH), read_joints(other, HEIGHT, WIDTH)
    np.testing.assert_array_equal(a.joints[:, ::-1], b.joints)
    assert a.bodies == b.bodies[::-1]


def test_another_skeleton_file_is_noticed(staged: Staged, tmp_path: Path) -> None:
    path = tmp_path / "a.skeleton"
    path.write_text("30\n" + "0\n" * 30)
    with pytest.raises(UserError, match="not the one that was selected"):
        read_joints(replace(staged[1][0], skeleton=str(path)), HEIGHT, WIDTH)


def test_a_clip_without_skeleton_has_frames_and_no_joints(staged: Staged) -> None:
    clip = replace(staged[1][0], skeleton=None)
    assert len(read_frames(clip, HEIGHT, WIDTH)) == clip.pixel_frames
    with pytest.raises(UserError, match=f"{clip.clip}: found no skeleton file"):
        read_joints(clip, HEIGHT, WIDTH)
