import numpy as np
import pytest

from dreamrelation.masks.boxes import choose_boxes, joint_boxes, overlaps
from dreamrelation.masks.grounded_sam import POINT_JOINTS, point_prompts

LEFT, RIGHT = [10.0, 10, 40, 90], [50.0, 12, 82, 90]
OWN = np.array([LEFT, RIGHT])


def test_boxes_go_to_their_subjects_and_weak_duplicates_go():
    boxes = np.array([RIGHT, [11, 11, 41, 91], LEFT, [0, 0, 8, 8]])
    scores = np.array([0.6, 0.5, 0.9, 0.95])
    chosen, confidence = choose_boxes(boxes, scores, OWN, 0.7)
    assert np.array_equal(chosen, OWN) and np.allclose(confidence, [0.9, 0.6])


def test_one_big_box_round_both_is_dropped():
    boxes = np.array([[9.0, 9, 83, 91], RIGHT])
    chosen, confidence = choose_boxes(boxes, np.array([0.99, 0.5]), OWN, 0.7)
    assert np.array_equal(chosen, OWN)
    assert np.isnan(confidence[0]) and confidence[1] == 0.5


def test_without_a_detection_the_joints_box_stands_in():
    chosen, confidence = choose_boxes(np.empty((0, 4)), np.empty(0), OWN, 0.7)
    assert np.array_equal(chosen, OWN) and np.isnan(confidence).all()


def test_a_box_of_somebody_standing_in_front_of_the_other_is_kept():
    one_place = np.array([[10.0, 10, 40, 90], [12.0, 10, 42, 90]])
    _, confidence = choose_boxes(np.array([[10.0, 10, 42, 90]]), np.array([0.8]), one_place, 0.7)
    assert np.isfinite(confidence).sum() == 1


def test_overlaps_are_intersection_over_union():
    a = np.array([[0.0, 0, 10, 10], [20, 20, 30, 30]])
    assert np.allclose(overlaps(a, a), np.eye(2))
    assert overlaps(a[:1], np.array([[5.0, 0, 15, 10]]))[0, 0] == pytest.approx(1 / 3)


def test_joint_boxes_have_a_margin_and_stay_inside():
    joints = np.zeros((2, 25, 2))
    joints[0, :, 0], joints[0, :, 1] = np.linspace(2, 30, 25), np.linspace(10, 60, 25)
    joints[1] = joints[0] + [40, 0]
    known = np.ones((2, 25), bool)
    boxes = joint_boxes(joints, known, (64, 96))
    assert np.allclose(boxes[0], [0, 6, 34, 63])
    known[1] = False
    with pytest.raises(ValueError, match="subject 2"):
        joint_boxes(joints, known, (64, 96))


def test_own_joints_are_inside_and_the_others_outside():
    joints = np.zeros((2, 25, 2))
    joints[0, :, 0], joints[0, :, 1] = 20, np.linspace(10, 60, 25)
    joints[1] = joints[0] + [40, 0]
    joints[1, 3] = joints[0, 3]  # a head in front of the other's: says nothing about who
    known = np.ones((2, 25), bool)
    known[0, 0] = False
    points, labels = point_prompts(joints, known, joint_boxes(joints, known, (80, 96)))
    count, head, base = len(POINT_JOINTS), list(POINT_JOINTS).index(3), list(POINT_JOINTS).index(0)
    assert points.shape == (2, 2 * count, 2) and labels.shape == (2, 2 * count)
    assert set(labels[:, :count].ravel()) == {1, -1} and set(labels[:, count:].ravel()) == {0, -1}
    assert (labels[:, [head, count + head]] == -1).all()
    assert labels[0, base] == -1 and labels[1, count + base] == -1 and labels[1, base] == 1
    assert np.array_equal(points[0, :count], points[1, count:]) and np.isfinite(points).all()
