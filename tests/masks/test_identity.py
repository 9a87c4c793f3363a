import numpy as np
import pytest

from dreamrelation.masks.identity import (
    check_areas,
    check_joints,
    in_subject_order,
    iou,
    joints_inside,
    widest_frame,
)
from dreamrelation.masks.segmenters import UnusableClip
from dreamrelation.masks.truth import truth_iou
from dreamrelation.settings.masks import MaskSettings

FRAMES = 9


def walk() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two squares that walk towards each other; their joints in their middles."""
    masks, joints = np.zeros((FRAMES, 2, 40, 80), bool), np.zeros((FRAMES, 2, 25, 2))
    for frame in range(FRAMES):
        for body, x in ((0, 5 + 3 * frame), (1, 65 - 3 * frame)):
            masks[frame, body, 15:25, x : x + 10] = True
            joints[frame, body] = [x + 5, 20]
    return masks, joints, np.ones((FRAMES, 2, 25), bool)


def test_shuffled_masks_come_back_in_order():
    masks, joints, known = walk()
    shuffled = masks.copy()
    for frame in (0, 3, 4, 8):
        shuffled[frame] = masks[frame, ::-1]
    assert np.array_equal(in_subject_order(shuffled, joints, known), masks)


def test_frames_without_joints_follow_their_neighbours():
    masks, joints, known = walk()
    known[2:6] = False
    shuffled = masks.copy()
    shuffled[3:5] = masks[3:5, ::-1]
    assert np.array_equal(in_subject_order(shuffled, joints, known), masks)


def test_swapped_skeletons_do_not_swap_masks_but_show_in_the_joints():
    masks, joints, known = walk()
    joints[2:] = joints[2:, ::-1]
    ordered = in_subject_order(masks, joints, known)
    assert np.array_equal(ordered, masks)
    shares = np.einsum("fss->fs", joints_inside(ordered, joints, known))
    with pytest.raises(UnusableClip, match=r"clip: subject 1's mask holds 22%"):
        check_joints("clip", shares, known, MaskSettings())


def test_the_widest_frame_is_the_seed():
    _, joints, known = walk()
    assert widest_frame(joints, known) == 0
    known[0, 1] = False
    assert widest_frame(joints, known) == 1
    with pytest.raises(ValueError, match="both bodies"):
        widest_frame(joints, np.zeros_like(known))


def test_joints_inside_counts_known_joints_only():
    masks, joints, known = walk()
    joints[0, 0, :10] = [70, 5]
    joints[0, 0, 10] = [-50, 500]
    joints[0, 0, 11] = np.nan
    known[0, 0, :5] = False
    known[0, 0, 11] = False
    shares = joints_inside(masks, joints, known)
    assert shares.shape == (FRAMES, 2, 2)
    assert shares[0, 0, 0] == pytest.approx(13 / 19)
    assert shares[0, 1, 0] == 0 and shares[0, 1, 1] == 1
    known[1, 1] = False
    assert np.isnan(joints_inside(masks, joints, known)[1, :, 1]).all()


def test_an_area_jump_names_clip_subject_and_frame():
    masks, _, _ = walk()
    masks[4, 1] = False
    masks[4, 1, 20, 40:50] = True
    check_areas("clip", masks, MaskSettings(maximum_area_jump=11))
    with pytest.raises(UnusableClip, match=r"clip: subject 2's area goes from 100 to 10 pixels at frame 4"):
        check_areas("clip", masks, MaskSettings(maximum_area_jump=9))


def test_an_empty_mask_is_refused():
    masks, _, _ = walk()
    masks[5, 0] = False
    with pytest.raises(UnusableClip, match="subject 1 has no pixel in frame 5"):
        check_areas("clip", masks, MaskSettings())


def test_iou_identities():
    a = np.random.default_rng(0).random((3, 8, 8)) < 0.5
    assert (iou(a, a) == 1).all() and (iou(a, ~a) == 0).all()
    assert (iou(a & False, a & False) == 1).all()


def test_truth_is_matched_once_for_the_whole_clip():
    masks, _, _ = walk()
    true = np.moveaxis(masks[:, ::-1], 1, 0)
    assert (truth_iou(masks, true) == 1).all()
    swapped = masks.copy()
    swapped[:3] = masks[:3, ::-1]
    assert (truth_iou(swapped, true)[:3] == 0).all() and (truth_iou(swapped, true)[3:] == 1).all()
