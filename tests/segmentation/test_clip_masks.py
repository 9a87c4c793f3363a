"""From a segmenter's masks to checked ones, with a segmenter from outside the package."""

from typing import Any

import numpy as np
import pytest
from tests.segmentation.parts import Halves

from dreamrelation.segmentation.clip_masks import ClipMasks, clip_masks
from dreamrelation.segmentation.interface import ClipView, JointView, SegmentedClip, UnusableClip
from dreamrelation.segmentation.run_lengths import stored_masks
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.masks import MaskSettings
from dreamrelation.settings.registry import implementation_of

FRAMES, HEIGHT, WIDTH = 7, 32, 48


def settings_with(shift: int = 0, **masks: float) -> MaskSettings:
    segmenter = {"kind": "tests.segmentation.parts:Halves", "shift": shift}
    return MaskSettings.model_validate({"segmenter": segmenter, **masks})


def segmented(joints: JointView | None, settings: MaskSettings, true: np.ndarray | None = None) -> ClipMasks:
    segmenter = implementation_of(settings.segmenter)(settings.segmenter, MachineSettings())
    view = ClipView("clip", np.zeros((FRAMES, HEIGHT, WIDTH, 3), np.uint8), joints)
    return clip_masks(segmenter, view, true, (HEIGHT // 2, WIDTH // 2), settings)


def joints_at(first: float, second: float) -> JointView:
    places = np.full((FRAMES, 2, 25, 2), HEIGHT / 2)
    places[:, 0, :, 0], places[:, 1, :, 0] = first, second
    return JointView(places, np.ones((FRAMES, 2, 25), bool))


def left_and_right() -> np.ndarray:
    masks = np.zeros((FRAMES, 2, HEIGHT // 2, WIDTH // 2), bool)
    masks[:, 0, :, :8], masks[:, 1, :, 12:20] = True, True
    return masks


def test_without_joints_the_left_is_the_first_and_checks_by_joints_are_skipped():
    found = segmented(None, settings_with(minimum_joints_inside=1.0))
    assert np.array_equal(found.masks, left_and_right())
    assert found.joints_inside is None and found.truth_iou is None
    assert {row.joints_inside_share for row in found.rows()} == {None} == {row.truth_iou for row in found.rows()}
    assert found.note() == "sureness 0.50 and 0.50"


def test_with_joints_they_say_who_is_first_and_are_counted():
    found = segmented(joints_at(30, 5), settings_with(minimum_joints_inside=1.0))
    assert np.array_equal(found.masks, left_and_right()[:, ::-1])
    assert found.joints_inside is not None and (found.joints_inside == 1).all()
    assert {row.joints_inside_share for row in found.rows()} == {1.0}
    with pytest.raises(UnusableClip, match="subject 2's mask holds 0% of its joints"):
        segmented(joints_at(30, 20), settings_with(minimum_joints_inside=0.5))


def test_areas_are_checked_without_joints_too():
    """The second one leaves the picture."""
    with pytest.raises(UnusableClip, match=r"subject 2's area goes from 16 to \d+ pixels|subject 2 has no pixel"):
        segmented(None, settings_with(shift=5))


def test_masks_that_jump_from_frame_to_frame_are_refused():
    """Sixteen columns wide; those of the next frame begin two columns further, or in another place altogether."""
    found = segmented(None, settings_with(shift=1))
    assert found.neighbour_iou.shape == (FRAMES - 1, 2) and found.neighbour_iou.min() > 0.7
    assert found.rows()[0].neighbour_iou is None and found.rows()[2].neighbour_iou == found.neighbour_iou[0, 0]
    with pytest.raises(UnusableClip, match=r"masks of frames \d and \d have an IoU of 0\.\d\d, expected at least 0\.9"):
        segmented(None, settings_with(shift=1, minimum_neighbour_iou=0.9))


def test_rows_hold_what_was_found():
    true = np.moveaxis(left_and_right(), 1, 0)[::-1]
    found = segmented(None, settings_with(), true)
    rows = found.rows()
    assert [(row.frame, row.subject) for row in rows] == [(f, s) for f in range(FRAMES) for s in (1, 2)]
    assert {(row.clip, row.height, row.width) for row in rows} == {("clip", HEIGHT // 2, WIDTH // 2)}
    assert np.array_equal(stored_masks(rows, "clip", FRAMES), found.masks)
    assert all(row.area_share == pytest.approx(8 / 24) and row.truth_iou == 1 for row in rows)
    assert "IoU with the truth 1.00 and 1.00" in found.note()


def test_masks_of_another_shape_are_the_segmenter_s_mistake():
    class Wrong(Halves):
        def segment(self, view: ClipView) -> SegmentedClip:
            return SegmentedClip(np.zeros((FRAMES, 2, 8, 8), bool), {})

    segmenter: Any = Wrong(Halves.Settings(kind="wrong"), MachineSettings())
    view = ClipView("clip", np.zeros((FRAMES, HEIGHT, WIDTH, 3), np.uint8), None)
    with pytest.raises(
        ValueError, match=r"clip: the segmenter gave masks bool \(7, 2, 8, 8\) of frames \(7, 32, 48, 3\)"
    ):
        clip_masks(segmenter, view, None, (16, 24), settings_with())
