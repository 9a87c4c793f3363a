"""Whose mask is whose.

Masks are matched with skeletons in the frame in which the two are farthest apart and then followed both ways. Without
skeletons the subject on the left of the first frame comes first, or the one that the relation says. What does not hold
together is refused, never repaired in silence.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment

from dreamrelation.roles import SUBJECTS
from dreamrelation.segmentation.interface import JointView, SegmentedClip, Subject1, UnusableClip

CONTINUITY = 2.0
"""Weight of the overlap with the last frame's mask beside the share of joints inside. It is the larger one: where a
sensor swaps two bodies, masks keep to the picture, and the joints outside them give the swap away."""


def joints_inside(masks: np.ndarray, joints: JointView) -> np.ndarray:
    """Share of each body's known joints inside each mask, (F, N masks, 2 bodies); not a number without known ones.

    masks (F, N, H, W) bool, the joints in their pixels.
    """
    height, width = masks.shape[-2:]
    known = joints.known
    x, y = (np.rint(np.where(known, joints.places[..., axis], -1)).astype(int) for axis in (0, 1))
    counts = known & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    frame = np.arange(len(masks))[:, None, None]
    totals = known.sum(axis=-1).astype(float)
    totals[totals == 0] = np.nan
    shares = np.empty((*masks.shape[:2], SUBJECTS))
    for mask in range(masks.shape[1]):
        held = masks[frame, mask, np.where(counts, y, 0), np.where(counts, x, 0)] & counts
        shares[:, mask] = held.sum(axis=-1) / totals
    return shares


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union along the last two axes; 1 where both are empty."""
    union = (a | b).sum(axis=(-1, -2))
    return np.where(union > 0, (a & b).sum(axis=(-1, -2)) / np.maximum(union, 1), 1.0)


def widest_frame(joints: JointView) -> int:
    """The frame in which the two bodies' centres are farthest apart. Raises UnusableClip if no frame shows both."""
    known = joints.known
    count = known.sum(axis=-1)
    centres = np.where(known[..., None], joints.places, 0).sum(axis=2) / np.maximum(count, 1)[..., None]
    distance = np.where(count.all(axis=1), np.hypot(*np.moveaxis(centres[:, 0] - centres[:, 1], -1, 0)), -1.0)
    if distance.max() < 0:
        raise UnusableClip("found no frame with joints of both bodies, expected at least one")
    return int(distance.argmax())


def in_subject_order(segmented: SegmentedClip, joints: JointView | None, subject1: Subject1 = "left") -> np.ndarray:
    """Masks (F, 2, H, W) with subject 1 first in every frame; `subject1` tells it where there are no joints.

    Raises UnusableClip if no frame shows joints of both bodies; without joints, if a mask of the first frame is empty
    or nothing says which of two masks is whose.
    """
    masks = segmented.masks
    if segmented.order == "known":
        return masks
    if joints is not None and segmented.order == "kept":
        return masks[:, _matched(np.nansum(joints_inside(masks, joints), axis=0))]
    if joints is None:
        first = _from_the_left(masks[0])
        followed = masks[:, first] if segmented.order == "kept" else _followed(masks, 0, first, None)
        right_first = subject1 == "right" or (subject1 == "moves" and _moved(followed[:, 1]) > _moved(followed[:, 0]))
        return followed[:, ::-1] if right_first else followed
    shares = np.nan_to_num(joints_inside(masks, joints))
    seed = widest_frame(joints)
    return _followed(masks, seed, _matched(shares[seed]), shares)


def _followed(masks: np.ndarray, seed: int, first: np.ndarray, shares: np.ndarray | None) -> np.ndarray:
    """Masks in the order `first` in the frame `seed`, and from there both ways as they overlap.

    `shares` (F, 2, 2) of joints inside help to tell; where there are none, overlaps must tell.
    """
    ordered = masks.copy()
    ordered[seed] = masks[seed][first]
    for frames, step in ((range(seed + 1, len(masks)), 1), (range(seed - 1, -1, -1), -1)):
        for frame in frames:
            similarity = iou(masks[frame][:, None], ordered[frame - step][None])
            if shares is None:
                _refuse_ambiguous(similarity, frame)
            else:
                similarity = shares[frame] + CONTINUITY * similarity
            ordered[frame] = masks[frame][_matched(similarity)]
    return ordered


def _matched(similarity: np.ndarray) -> np.ndarray:
    """For each subject, the index of its mask; similarity is (2 masks, 2 subjects)."""
    _, mask_of_subject = linear_sum_assignment(similarity.T, maximize=True)
    return mask_of_subject


def _from_the_left(masks: np.ndarray) -> np.ndarray:
    """Indices of masks (2, H, W) by the column of their centres. Raises UnusableClip where one is empty."""
    areas = masks.sum(axis=(-1, -2))
    if (areas == 0).any():
        raise UnusableClip("found an empty mask in the first frame, expected both subjects there, to know them by")
    return np.argsort((masks.sum(axis=-2) @ np.arange(masks.shape[-1])) / areas, kind="stable")


def _moved(masks: np.ndarray) -> float:
    """How much one subject's masks (F, H, W) change from frame to frame, 0 to 1."""
    return float(1 - iou(masks[1:], masks[:-1]).mean())


def _refuse_ambiguous(similarity: np.ndarray, frame: int) -> None:
    """Raise UnusableClip where the two masks could be the two subjects either way."""
    if np.isclose(np.trace(similarity), np.trace(similarity[::-1])):
        raise UnusableClip(
            f"found masks in frame {frame} that overlap those of the last frame as well one way as the other,"
            " expected them to say who is who"
        )
