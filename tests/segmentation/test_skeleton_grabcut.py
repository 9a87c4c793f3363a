import dataclasses

import numpy as np
import pytest

from dreamrelation.errors import UserError
from dreamrelation.segmentation.interface import ClipView, JointView, UnusableClip
from dreamrelation.segmentation.skeleton_grabcut.appearance import Appearance, Pixels
from dreamrelation.segmentation.skeleton_grabcut.body_plan import PARTS, body_height, outline, radii
from dreamrelation.segmentation.skeleton_grabcut.segmenter import SkeletonGrabCut
from dreamrelation.segmentation.skeleton_grabcut.settings import SkeletonGrabCutSettings
from dreamrelation.segmentation.truth import resize_by_area, true_masks, truth_iou
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.masks import MaskSettings
from dreamrelation.settings.registry import implementation_of


def segmented(view: ClipView) -> np.ndarray:
    return SkeletonGrabCut(SkeletonGrabCutSettings(), MachineSettings()).segment(view).masks


def with_joints(view: ClipView, places: np.ndarray, tracked: np.ndarray | None = None) -> ClipView:
    joints = view.needed_joints()
    return dataclasses.replace(view, joints=JointView(places, joints.tracked if tracked is None else tracked))


@pytest.mark.parametrize("relation", ["shaking_hands", "hugging", "kicking"])
def test_masks_of_puppets_are_close_to_the_truth(rendered, true_rows, relation):
    scores = []
    for seed in (0, 1):
        clip = rendered(relation, seed)
        small = np.array([[resize_by_area(m, 64, 96) for m in pair] for pair in segmented(clip.view())])
        scores.append(truth_iou(small, true_masks(true_rows([clip]), clip.row, 64, 96)))
    assert (np.median(np.concatenate(scores), axis=0) >= 0.85).all()


def test_the_same_clip_gives_the_same_masks_and_no_pixel_has_two_owners(rendered):
    view = rendered("hugging", 0).view()
    first = segmented(view)
    assert np.array_equal(first, segmented(view))
    assert first.shape == (7, 2, 128, 192) and first.dtype == bool
    assert not first.all(axis=1).any()


def test_subjects_follow_the_joints_order(rendered):
    view = rendered("shaking_hands", 1).view()
    swapped = with_joints(view, view.needed_joints().places[:, ::-1])
    overlap = (segmented(view) & segmented(swapped)[:, ::-1]).sum() / segmented(view).sum()
    assert overlap > 0.98


def test_a_body_without_enough_joints_is_unusable(rendered):
    view = rendered("kicking", 0).view()
    places = view.needed_joints().places.copy()
    places[:, 1, 4:12] = np.nan
    places[:, 1, [14, 15, 19]] = np.nan
    with pytest.raises(UnusableClip, match=r"^found 7 bones with known ends"):
        segmented(with_joints(view, places))


def test_without_room_for_a_background_a_clip_is_unusable(rendered):
    view = rendered("kicking", 0).view()
    close = with_joints(view, (view.needed_joints().places - [96, 64]) * 8 + [96, 64])
    with pytest.raises(UnusableClip, match="found no room between the bodies and the edge"):
        segmented(close)


def test_people_who_are_never_apart_cannot_be_told_apart(rendered):
    view = rendered("hugging", 0).view()
    places = view.needed_joints().places.copy()
    places[:, 1] = places[:, 0]
    with pytest.raises(UnusableClip, match="found no pixel that is surely this person's"):
        segmented(with_joints(view, places))


def test_a_clip_without_a_skeleton_is_refused(rendered):
    """The user can mend it: with another segmenter."""
    view = dataclasses.replace(rendered("kicking", 0).view(), joints=None)
    with pytest.raises(UserError, match="kicking_0: found no skeleton, which this segmenter needs"):
        segmented(view)


def test_mistakes_of_ours_are_not_taken_for_unusable_clips(rendered, monkeypatch):
    def broken(*_: object) -> None:
        raise ValueError("a contract was violated")

    monkeypatch.setattr(SkeletonGrabCut, "_scene", broken)
    with pytest.raises(ValueError, match="a contract was violated"):
        segmented(rendered("kicking", 0).view())


def test_unknown_joints_are_borne_between_known_ones(rendered):
    view = rendered("kicking", 0).view()
    places, tracked = view.needed_joints().places.copy(), view.needed_joints().tracked.copy()
    places[2, 0] = np.nan
    places[4, 1, :10], tracked[4, 1, :10] = 999.0, False
    given, whole = segmented(with_joints(view, places, tracked)), segmented(view)
    assert (given & whole).sum() / (given | whole).sum() > 0.9


def test_wrong_shapes_are_refused():
    frames, places, tracked = np.zeros((7, 8, 8, 3), np.uint8), np.zeros((7, 2, 25, 2)), np.ones((7, 2, 25), bool)
    with pytest.raises(ValueError, match=r"x: found joints of shape \(7, 2, 20, 2\), expected \(7, 2, 25, 2\)"):
        ClipView("x", frames, JointView(places[:, :, :20], tracked))
    with pytest.raises(ValueError, match=r"x: found tracked of shape \(6, 2, 25\), expected \(7, 2, 25\)"):
        ClipView("x", frames, JointView(places, tracked[:6]))
    with pytest.raises(ValueError, match="x: found frames of shape"):
        ClipView("x", frames[..., :1], None)
    with pytest.raises(ValueError, match="x: found frames of float64, expected uint8"):
        ClipView("x", frames.astype(float), None)


def test_outline_is_zero_on_bones_and_one_radius_away_on_the_outline():
    joints = np.full((25, 2), np.nan)
    joints[:4] = [[50, 60], [50, 45], [50, 32], [50, 22]]
    joints[20] = [50, 30]
    joints[12:16] = [[50, 60], [50, 75], [50, 90], [54, 90]]
    joints[16:20] = joints[12:16]
    height = 72.0
    assert body_height(joints[None]) == pytest.approx(height)
    shape = outline(joints, height, radii(SkeletonGrabCutSettings(leg_radius_share=5 / 72)), (100, 100))
    assert shape.depth[70, 50] == 0 and shape.distance[70, 50] == pytest.approx(-5)
    assert shape.distance[70, 60] == pytest.approx(5) and shape.depth[70, 55] == pytest.approx(1)
    assert PARTS[shape.part[70, 60]].name.endswith("thigh")
    assert PARTS[shape.part[22, 50]].name == "head"


def test_height_needs_a_whole_body():
    with pytest.raises(UnusableClip, match="no frame"):
        body_height(np.full((3, 25, 2), np.nan))


def test_a_pixel_is_like_the_person_on_whom_it_was_seen():
    red, blue = np.array([150.0, 200, 180]), np.array([90.0, 140, 60])
    place, part = np.zeros((40, 2)), np.zeros(40, int)
    persons = [Appearance(Pixels(np.tile(colour, (40, 1)).astype(np.float32), place, part)) for colour in (red, blue)]
    seen = Pixels(np.stack([red, blue]).astype(np.float32), place[:2], part[:2])
    costs = np.stack([person.cost(seen) for person in persons])
    assert np.allclose(np.diag(costs), 0) and (costs[[0, 1], [1, 0]] == 4).all()


def test_the_configuration_s_kind_makes_it():
    settings = MaskSettings.model_validate({"segmenter": {"kind": "skeleton_grabcut", "iterations": 3}})
    made = implementation_of(settings.segmenter)(settings.segmenter, MachineSettings())
    assert isinstance(made, SkeletonGrabCut) and made.settings.iterations == 3
