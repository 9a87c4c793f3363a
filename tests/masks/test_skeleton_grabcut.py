import dataclasses

import numpy as np
import pytest

from dreamrelation.masks.body_plan import PARTS, body_height, outline, radii
from dreamrelation.masks.segmenters import ClipView, UnusableClip, make_segmenter
from dreamrelation.masks.skeleton_grabcut import SkeletonGrabCut
from dreamrelation.masks.truth import resize_by_area, true_masks, truth_iou
from dreamrelation.settings.masks import GrabCutSettings, MaskSettings


def segmented(view: ClipView) -> np.ndarray:
    return SkeletonGrabCut(GrabCutSettings()).segment(view).masks


@pytest.mark.parametrize("relation", ["shaking_hands", "hugging", "kicking"])
def test_masks_of_puppets_are_close_to_the_truth(film, true_table, relation):
    scores = []
    for seed in (0, 1):
        clip = film(relation, seed)
        small = np.array([[resize_by_area(m, 64, 96) for m in pair] for pair in segmented(clip.view())])
        scores.append(truth_iou(small, true_masks(true_table([clip]), clip.row, 64, 96)))
    assert (np.median(np.concatenate(scores), axis=0) >= 0.85).all()


def test_the_same_clip_gives_the_same_masks_and_no_pixel_has_two_owners(film):
    view = film("hugging", 0).view()
    first = segmented(view)
    assert np.array_equal(first, segmented(view))
    assert first.shape == (7, 2, 128, 192) and first.dtype == bool
    assert not first.all(axis=1).any()


def test_subjects_follow_the_joints_order(film):
    view = film("shaking_hands", 1).view()
    swapped = dataclasses.replace(view, joints=view.joints[:, ::-1])
    overlap = (segmented(view) & segmented(swapped)[:, ::-1]).sum() / segmented(view).sum()
    assert overlap > 0.98


def test_a_body_without_enough_joints_is_unusable(film):
    view = film("kicking", 0).view()
    joints = view.joints.copy()
    joints[:, 1, 4:12] = np.nan
    joints[:, 1, [14, 15, 19]] = np.nan
    with pytest.raises(UnusableClip, match=r"kicking_0: found 7 bones with known ends"):
        segmented(dataclasses.replace(view, joints=joints))


def test_unknown_joints_are_borne_between_known_ones(film):
    view = film("kicking", 0).view()
    joints, tracked = view.joints.copy(), view.tracked.copy()
    joints[2, 0] = np.nan
    joints[4, 1, :10], tracked[4, 1, :10] = 999.0, False
    given, whole = segmented(dataclasses.replace(view, joints=joints, tracked=tracked)), segmented(view)
    assert (given & whole).sum() / (given | whole).sum() > 0.9


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="joints"):
        ClipView("x", np.zeros((7, 8, 8, 3), np.uint8), np.zeros((7, 2, 20, 2)), np.ones((7, 2, 25), bool))


def test_outline_is_zero_on_bones_and_one_radius_away_on_the_outline():
    joints = np.full((25, 2), np.nan)
    joints[:4] = [[50, 60], [50, 45], [50, 32], [50, 22]]
    joints[20] = [50, 30]
    joints[12:16] = [[50, 60], [50, 75], [50, 90], [54, 90]]
    joints[16:20] = joints[12:16]
    height = 72.0
    assert body_height(joints[None]) == pytest.approx(height)
    shape = outline(joints, height, radii(GrabCutSettings(leg_radius_share=5 / 72)), (100, 100))
    assert shape.depth[70, 50] == 0 and shape.distance[70, 50] == pytest.approx(-5)
    assert shape.distance[70, 60] == pytest.approx(5) and shape.depth[70, 55] == pytest.approx(1)
    assert PARTS[shape.part[70, 60]].name.endswith("thigh")
    assert PARTS[shape.part[22, 50]].name == "head"


def test_height_needs_a_whole_body():
    with pytest.raises(ValueError, match="no frame"):
        body_height(np.full((3, 25, 2), np.nan))


def test_factory_makes_what_the_settings_name():
    assert isinstance(make_segmenter(MaskSettings(segmenter="skeleton_grabcut"), "cpu"), SkeletonGrabCut)
