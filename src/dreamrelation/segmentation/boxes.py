"""Which of the detected boxes is round which subject. Boxes are x0, y0, x1, y1 in pixels."""

from itertools import combinations

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torchvision.ops import box_iou, nms

from dreamrelation.roles import SUBJECTS
from dreamrelation.segmentation.interface import Boxes, UnusableClip

MARGIN_SHARE = 0.08
"""Joints lie inside the outline: their box grows by this share of its height on every side."""
LEAST_IOU = 0.3
"""A box that overlaps a subject's joint box less than this is somebody or something else."""
ONE_BODY_IOU = 0.8
"""Joint boxes that overlap more than this stand in one place; no box can be said to be round both of them."""
FILLED_IOU = 0.85
"""A box is round two others if the box round both overlaps it more than this."""


def joint_boxes(places: np.ndarray, known: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Boxes (2, 4) round the known joints (2, 25, 2), with a margin, inside a picture of (H, W).

    Raises UnusableClip where a subject has no known joint inside the picture.
    """
    size = np.array(shape[::-1])
    boxes = np.empty((SUBJECTS, 4))
    for subject in range(SUBJECTS):
        own = places[subject, known[subject]]
        if len(own) == 0:
            raise UnusableClip(f"found no known joint of subject {subject + 1}, expected some")
        low, high = own.min(axis=0), own.max(axis=0)
        margin = MARGIN_SHARE * (high[1] - low[1])
        boxes[subject] = [*np.clip(low - margin, 0, size - 1), *np.clip(high + margin, 0, size - 1)]
        if (boxes[subject, 2:] <= boxes[subject, :2]).any():
            raise UnusableClip(f"found the joints of subject {subject + 1} outside the picture, expected them inside")
    return boxes


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union (N, M) of boxes (N, 4) and (M, 4)."""
    return box_iou(torch.from_numpy(a).double(), torch.from_numpy(b).double()).numpy()


def without_duplicates(found: Boxes, nms_iou: float) -> Boxes:
    """Of boxes that overlap more than `nms_iou` only the best; the best first."""
    corners, scores = (torch.from_numpy(values).double() for values in (found.corners, found.scores))
    keep = nms(corners, scores, nms_iou).numpy()
    return Boxes(found.corners[keep], found.scores[keep])


def subjects_boxes(found: Boxes, from_joints: np.ndarray, nms_iou: float) -> Boxes:
    """A box for each subject in order; where no detection fits its score is not a number and its joints' box stands in.

    Of boxes that overlap more than `nms_iou` only the best stays; one big box round both subjects goes; the rest are
    matched with the subjects' joint boxes (2, 4).
    """
    corners, scores = from_joints.copy(), np.full(SUBJECTS, np.nan)
    best = without_duplicates(found, nms_iou)
    alone = ~_round_both(best.corners, from_joints)
    best = Boxes(best.corners[alone], best.scores[alone])
    similarity = overlaps(best.corners, from_joints)
    for box, subject in zip(*linear_sum_assignment(similarity, maximize=True), strict=True):
        if similarity[box, subject] >= LEAST_IOU:
            corners[subject], scores[subject] = best.corners[box], best.scores[box]
    return Boxes(corners, scores)


def _round_both(boxes: np.ndarray, from_joints: np.ndarray) -> np.ndarray:
    """(N,) bool, boxes that fit the box round both subjects better than either subject's."""
    if overlaps(from_joints[:1], from_joints[1:])[0, 0] > ONE_BODY_IOU:
        return np.zeros(len(boxes), bool)
    return overlaps(boxes, _hull(from_joints)[None])[:, 0] > overlaps(boxes, from_joints).max(axis=1)


def best_pair(found: Boxes, nms_iou: float) -> Boxes:
    """The two boxes with the highest scores, in any order, where no joints say who is who.

    Of boxes that overlap more than `nms_iou` only the best stays, and a box is not chosen together with somebody whom
    it is round with somebody else. Raises UnusableClip where fewer than two are left.
    """
    best = without_duplicates(found, nms_iou)
    pairs = sorted(combinations(range(len(best.scores)), 2), key=lambda pair: -best.scores[list(pair)].sum())
    for a, b in pairs:
        if not (_is_round(best.corners, a, b) or _is_round(best.corners, b, a)):
            return Boxes(best.corners[[a, b]], best.scores[[a, b]])
    raise UnusableClip(f"found {len(best.scores)} distinct boxes, expected {SUBJECTS} that are each round one subject")


def _is_round(boxes: np.ndarray, big: int, one: int) -> bool:
    """Whether the box `big` is round the box `one` and some third one."""
    others = [at for at in range(len(boxes)) if at not in (big, one)]
    hulls = np.array([_hull(boxes[[one, other]]) for other in others]).reshape(-1, 4)
    return bool((overlaps(hulls, boxes[big][None]) > FILLED_IOU).any())


def _hull(boxes: np.ndarray) -> np.ndarray:
    """The box (4,) round all boxes (N, 4)."""
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
