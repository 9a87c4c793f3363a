import numpy as np
import pytest

from dreamrelation.segmentation.checks import check_areas, check_joints
from dreamrelation.segmentation.identity import in_subject_order, iou, joints_inside, widest_frame
from dreamrelation.segmentation.interface import JointView, SegmentedClip, Subject1, UnusableClip
from dreamrelation.segmentation.truth import truth_iou

FRAMES = 9


def ordered_masks(masks: np.ndarray, joints: JointView | None, subject1: Subject1 = "left") -> np.ndarray:
    """Masks of which any may come first in any frame, put in order."""
    return in_subject_order(SegmentedClip(masks, {}), joints, subject1)


def walk() -> tuple[np.ndarray, JointView]:
    """Two squares that walk towards each other; their joints in their middles."""
    masks, places = np.zeros((FRAMES, 2, 40, 80), bool), np.zeros((FRAMES, 2, 25, 2))
    for frame in range(FRAMES):
        for body, x in ((0, 5 + 3 * frame), (1, 65 - 3 * frame)):
            masks[frame, body, 15:25, x : x + 10] = True
            places[frame, body] = [x + 5, 20]
    return masks, JointView(places, np.ones((FRAMES, 2, 25), bool))


def shuffled(masks: np.ndarray, frames: tuple[int, ...]) -> np.ndarray:
    mixed = masks.copy()
    for frame in frames:
        mixed[frame] = masks[frame, ::-1]
    return mixed


def test_shuffled_masks_come_back_in_order():
    masks, joints = walk()
    assert np.array_equal(ordered_masks(shuffled(masks, (0, 3, 4, 8)), joints), masks)


def test_frames_without_joints_follow_their_neighbours():
    masks, joints = walk()
    joints.tracked[2:6] = False
    assert np.array_equal(ordered_masks(shuffled(masks, (3, 4)), joints), masks)


def test_joints_decide_who_is_subject_1_even_on_the_right():
    masks, joints = walk()
    turned = JointView(joints.places[:, ::-1], joints.tracked)
    assert np.array_equal(ordered_masks(masks, turned), masks[:, ::-1])


@pytest.mark.parametrize("mixed", [(), (0,), (0, 3, 4, 8), (1, 2, 5)])
def test_without_joints_the_one_on_the_left_comes_first_and_is_followed(mixed):
    masks, _ = walk()
    assert np.array_equal(ordered_masks(shuffled(masks, mixed), None), masks)


def test_without_joints_who_passes_to_the_right_stays_the_first():
    """The left one of every single frame would be another one after the two have passed each other."""
    masks = np.zeros((FRAMES, 2, 40, 80), bool)
    for frame in range(FRAMES):
        masks[frame, 0, 5:15, 5 + 7 * frame : 20 + 7 * frame] = True
        masks[frame, 1, 25:35, 61 - 7 * frame : 76 - 7 * frame] = True
    assert np.array_equal(ordered_masks(shuffled(masks, (0, 2, 6, 7)), None), masks)


def test_without_joints_the_centre_says_who_is_on_the_left_not_the_edge():
    masks = np.zeros((1, 2, 40, 80), bool)
    masks[0, 0, 10:30, 30:40] = True
    masks[0, 1, 10:30, 50:70] = True
    masks[0, 1, 10, 5:70] = True
    assert np.array_equal(ordered_masks(masks[:, ::-1], None), masks)


def test_without_joints_an_empty_first_mask_or_a_jump_that_says_nothing_is_refused():
    masks, joints = walk()
    empty = masks.copy()
    empty[0, 1] = False
    with pytest.raises(UnusableClip, match="empty mask in the first frame"):
        ordered_masks(empty, None)
    jump = masks.copy()
    jump[4:] = np.roll(masks[4:], 14, axis=2)  # down, off where both were
    with pytest.raises(UnusableClip, match="found masks in frame 4 that overlap"):
        ordered_masks(jump, None)
    joints.places[4:, ..., 1] += 14
    assert np.array_equal(ordered_masks(shuffled(jump, (4, 6)), joints), jump)


def test_swapped_skeletons_do_not_swap_masks_but_show_in_the_joints():
    masks, joints = walk()
    joints.places[2:] = joints.places[2:, ::-1].copy()
    ordered = ordered_masks(masks, joints)
    assert np.array_equal(ordered, masks)
    shares = np.einsum("fss->fs", joints_inside(ordered, joints))
    with pytest.raises(UnusableClip, match=r"subject 1's mask holds 22% of its joints, expected at least 50%"):
        check_joints(shares, joints.known, 0.5)
    check_joints(shares, joints.known, 0.2)


def test_the_widest_frame_is_the_seed():
    _, joints = walk()
    assert widest_frame(joints) == 0
    joints.tracked[0, 1] = False
    assert widest_frame(joints) == 1
    with pytest.raises(UnusableClip, match="both bodies"):
        widest_frame(JointView(joints.places, np.zeros_like(joints.tracked)))


def test_joints_inside_counts_known_joints_only():
    masks, joints = walk()
    joints.places[0, 0, :10] = [70, 5]
    joints.places[0, 0, 10] = [-50, 500]
    joints.places[0, 0, 11] = np.nan
    joints.tracked[0, 0, :5] = False
    shares = joints_inside(masks, joints)
    assert shares.shape == (FRAMES, 2, 2)
    assert shares[0, 0, 0] == pytest.approx(13 / 19)
    assert shares[0, 1, 0] == 0 and shares[0, 1, 1] == 1
    joints.tracked[1, 1] = False
    assert np.isnan(joints_inside(masks, joints)[1, :, 1]).all()


def test_an_area_jump_names_subject_and_frame():
    masks, _ = walk()
    masks[4, 1] = False
    masks[4, 1, 20, 40:50] = True
    check_areas(masks, maximum_jump=11)
    with pytest.raises(UnusableClip, match=r"subject 2's area goes from 100 to 10 pixels at frame 4"):
        check_areas(masks, maximum_jump=9)


def test_an_empty_mask_is_refused():
    masks, _ = walk()
    masks[5, 0] = False
    with pytest.raises(UnusableClip, match="subject 1 has no pixel in frame 5"):
        check_areas(masks, maximum_jump=4)


def test_iou_identities():
    a = np.random.default_rng(0).random((3, 8, 8)) < 0.5
    assert (iou(a, a) == 1).all() and (iou(a, ~a) == 0).all()
    assert (iou(a & False, a & False) == 1).all()


def test_truth_is_matched_once_for_the_whole_clip():
    masks, _ = walk()
    true = np.moveaxis(masks[:, ::-1], 1, 0)
    assert (truth_iou(masks, true) == 1).all()
    swapped = shuffled(masks, (0, 1, 2))
    assert (truth_iou(swapped, true)[:3] == 0).all() and (truth_iou(swapped, true)[3:] == 1).all()


@pytest.mark.parametrize(("subject1", "first"), [("left", 0), ("right", 1), ("moves", 1)])
def test_without_joints_the_relation_says_who_comes_first(subject1: Subject1, first: int) -> None:
    """The one on the left stands still, the one on the right goes up and down."""
    masks = np.zeros((6, 2, 20, 40), bool)
    masks[:, 0, 5:15, 4:12] = True
    for frame in range(6):
        top = 2 + 5 * (frame % 2)
        masks[frame, 1, top : top + 10, 24:32] = True
    ordered = ordered_masks(masks[:, ::-1], None, subject1)
    np.testing.assert_array_equal(ordered[:, 0], masks[:, first])
    np.testing.assert_array_equal(ordered[:, 1], masks[:, 1 - first])


def test_masks_whose_order_is_kept_or_known_are_not_followed() -> None:
    """The two pass through each other's places at once, so that overlaps would say that they swapped."""
    masks, joints = walk()
    masks[5:] = masks[5:, ::-1]
    known = SegmentedClip(masks[:, ::-1], {}, order="known")
    np.testing.assert_array_equal(in_subject_order(known, None), masks[:, ::-1])
    kept = SegmentedClip(masks[:, ::-1], {}, order="kept")
    np.testing.assert_array_equal(in_subject_order(kept, None), masks)
    np.testing.assert_array_equal(in_subject_order(kept, joints), masks)
    np.testing.assert_array_equal(in_subject_order(kept, None, "right"), masks[:, ::-1])
