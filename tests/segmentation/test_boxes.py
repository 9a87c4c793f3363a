from collections.abc import Sequence

import numpy as np
import pytest

from dreamrelation.segmentation.boxes import best_pair, joint_boxes, overlaps, subjects_boxes
from dreamrelation.segmentation.interface import Boxes, UnusableClip
from dreamrelation.segmentation.points import POINT_JOINTS, joint_points

LEFT, RIGHT = [10.0, 10, 40, 90], [50.0, 12, 82, 90]
BOTH = [9.0, 9, 83, 91]
OWN = np.array([LEFT, RIGHT])


def boxes(*corners: Sequence[float], scores: list[float]) -> Boxes:
    return Boxes(np.array(corners, float).reshape(-1, 4), np.array(scores))


def test_boxes_go_to_their_subjects_and_weak_duplicates_go():
    found = boxes(RIGHT, [11, 11, 41, 91], LEFT, [0, 0, 8, 8], scores=[0.6, 0.5, 0.9, 0.95])
    chosen = subjects_boxes(found, OWN, 0.7)
    assert np.array_equal(chosen.corners, OWN) and np.allclose(chosen.scores, [0.9, 0.6])


def test_one_big_box_round_both_is_dropped():
    chosen = subjects_boxes(boxes(BOTH, RIGHT, scores=[0.99, 0.5]), OWN, 0.7)
    assert np.array_equal(chosen.corners, OWN)
    assert np.isnan(chosen.scores[0]) and chosen.scores[1] == 0.5


def test_without_a_detection_the_joints_box_stands_in():
    chosen = subjects_boxes(boxes(scores=[]), OWN, 0.7)
    assert np.array_equal(chosen.corners, OWN) and np.isnan(chosen.scores).all()


def test_a_box_of_somebody_standing_in_front_of_the_other_is_kept():
    one_place = np.array([[10.0, 10, 40, 90], [12.0, 10, 42, 90]])
    chosen = subjects_boxes(boxes([10, 10, 42, 90], scores=[0.8]), one_place, 0.7)
    assert np.isfinite(chosen.scores).sum() == 1


def test_without_joints_the_two_best_boxes_are_chosen_and_duplicates_are_one():
    found = boxes([0, 0, 8, 8], RIGHT, [11, 11, 41, 91], LEFT, scores=[0.4, 0.6, 0.85, 0.9])
    chosen = best_pair(found, 0.7)
    assert np.array_equal(chosen.corners, [LEFT, RIGHT]) and np.allclose(chosen.scores, [0.9, 0.6])


@pytest.mark.parametrize("score", [0.99, 0.55, 0.1])
def test_without_joints_a_box_round_both_is_not_chosen_however_sure_it_is(score):
    found = boxes(BOTH, RIGHT, LEFT, [0, 0, 8, 8], scores=[score, 0.5, 0.6, 0.05])
    assert np.array_equal(best_pair(found, 0.7).corners, [LEFT, RIGHT])


def test_without_joints_two_who_overlap_are_two():
    """In a hug; the box round both is better than one of them."""
    front, behind = [10, 10, 45, 90], [28, 12, 66, 90]
    found = boxes([9, 9, 67, 91], front, behind, scores=[0.7, 0.8, 0.5])
    assert np.array_equal(best_pair(found, 0.7).corners, [front, behind])


def test_without_joints_somebody_whose_halves_were_found_as_well_is_still_chosen():
    found = boxes(LEFT, [10, 10, 40, 50], [10, 50, 40, 90], RIGHT, scores=[0.9, 0.4, 0.38, 0.7])
    assert np.array_equal(best_pair(found, 0.7).corners, [LEFT, RIGHT])


def test_without_joints_a_child_in_front_of_a_grown_up_is_somebody():
    grown_up, child = [10, 10, 60, 90], [20, 50, 40, 90]
    found = boxes(grown_up, child, [80, 0, 90, 8], scores=[0.9, 0.5, 0.4])
    assert np.array_equal(best_pair(found, 0.7).corners, [grown_up, child])


def test_without_joints_a_near_neighbour_does_not_hide_somebody():
    """The box round the neighbour and a third one is much like that of somebody beside the neighbour."""
    one, neighbour = [0, 0, 100, 90], [19, 0, 119, 90]
    found = boxes(one, neighbour, [0, 0, 19, 90], scores=[0.9, 0.8, 0.4])
    assert np.array_equal(best_pair(found, 0.7).corners, [one, neighbour])


@pytest.mark.parametrize(
    ("found", "count"),
    [
        (boxes(scores=[]), 0),
        (boxes(LEFT, scores=[0.9]), 1),
        (boxes(LEFT, [11, 11, 41, 91], scores=[0.9, 0.8]), 1),
    ],
)
def test_without_joints_fewer_than_two_are_too_few(found, count):
    with pytest.raises(UnusableClip, match=f"found {count} distinct boxes, expected 2"):
        best_pair(found, 0.7)


def test_overlaps_are_intersection_over_union():
    a = np.array([[0.0, 0, 10, 10], [20, 20, 30, 30]])
    assert np.allclose(overlaps(a, a), np.eye(2))
    assert overlaps(a[:1], np.array([[5.0, 0, 15, 10]]))[0, 0] == pytest.approx(1 / 3)
    assert overlaps(np.empty((0, 4)), a).shape == (0, 2)


def test_joint_boxes_have_a_margin_and_stay_inside():
    joints = np.zeros((2, 25, 2))
    joints[0, :, 0], joints[0, :, 1] = np.linspace(2, 30, 25), np.linspace(10, 60, 25)
    joints[1] = joints[0] + [40, 0]
    known = np.ones((2, 25), bool)
    found = joint_boxes(joints, known, (64, 96))
    assert np.allclose(found[0], [0, 6, 34, 63])
    with pytest.raises(UnusableClip, match="joints of subject 2 outside the picture"):
        joint_boxes(joints + [[[0, 0]], [[200, 0]]], known, (64, 96))
    known[1] = False
    with pytest.raises(UnusableClip, match="no known joint of subject 2"):
        joint_boxes(joints, known, (64, 96))


def test_own_joints_are_inside_and_the_others_outside():
    joints = np.zeros((2, 25, 2))
    joints[0, :, 0], joints[0, :, 1] = 20, np.linspace(10, 60, 25)
    joints[1] = joints[0] + [40, 0]
    joints[1, 3] = joints[0, 3]  # a head in front of the other's: says nothing about who
    known = np.ones((2, 25), bool)
    known[0, 0] = False
    points = joint_points(joints, known, joint_boxes(joints, known, (80, 96)))
    places, labels = points.places, points.labels
    count, head, base = len(POINT_JOINTS), list(POINT_JOINTS).index(3), list(POINT_JOINTS).index(0)
    assert places.shape == (2, 2 * count, 2) and labels.shape == (2, 2 * count)
    assert set(labels[:, :count].ravel()) == {1, -1} and set(labels[:, count:].ravel()) == {0, -1}
    assert (labels[:, [head, count + head]] == -1).all()
    assert labels[0, base] == -1 and labels[1, count + base] == -1 and labels[1, base] == 1
    assert np.array_equal(places[0, :count], places[1, count:]) and np.isfinite(places).all()
