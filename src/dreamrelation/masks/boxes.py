"""Which of the detected boxes is round which subject. Boxes are x0, y0, x1, y1 in pixels."""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torchvision.ops import nms

from dreamrelation.masks.segmenters import SUBJECTS

MARGIN_SHARE = 0.08
"""Joints lie inside the outline: their box grows by this share of its height on every side."""
LEAST_IOU = 0.3
"""A box that overlaps a subject's joint box less than this is somebody or something else."""
ONE_BODY_IOU = 0.8
"""Joint boxes that overlap more than this stand in one place; no box can be said to be round both of them."""


def joint_boxes(joints: np.ndarray, known: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Boxes (2, 4) round the known joints (2, 25, 2), with a margin, inside a picture of (H, W).

    Raises ValueError where a subject has no known joint inside the picture.
    """
    size = np.array(shape[::-1])
    boxes = np.empty((SUBJECTS, 4))
    for subject in range(SUBJECTS):
        own = joints[subject, known[subject]]
        if len(own) == 0:
            raise ValueError(f"found no known joint of subject {subject + 1}, expected some")
        low, high = own.min(axis=0), own.max(axis=0)
        margin = MARGIN_SHARE * (high[1] - low[1])
        boxes[subject] = [*np.clip(low - margin, 0, size - 1), *np.clip(high + margin, 0, size - 1)]
        if (boxes[subject, 2:] <= boxes[subject, :2]).any():
            raise ValueError(f"found the joints of subject {subject + 1} outside the picture, expected them inside")
    return boxes


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union (N, M) of boxes (N, 4) and (M, 4)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=-1)
    areas = [np.clip(x[:, 2:] - x[:, :2], 0, None).prod(axis=-1) for x in (a, b)]
    return common / np.maximum(areas[0][:, None] + areas[1][None] - common, 1e-9)


def choose_boxes(
    boxes: np.ndarray, scores: np.ndarray, from_joints: np.ndarray, nms_iou: float
) -> tuple[np.ndarray, np.ndarray]:
    """A box for each subject, (2, 4), and the score of its detection, (2,): not a number where none was fitting.

    Of boxes (N, 4) that overlap more than `nms_iou` only the best stays; one big box round both subjects goes; the
    rest are matched with the subjects' joint boxes (2, 4). A subject without a detection keeps its joint box.
    """
    chosen, confidence = from_joints.copy(), np.full(SUBJECTS, np.nan)
    keep = nms(torch.from_numpy(boxes).double(), torch.from_numpy(scores).double(), nms_iou).numpy()
    boxes, scores = boxes[keep], scores[keep]
    alone = ~_round_both(boxes, from_joints)
    boxes, scores = boxes[alone], scores[alone]
    likeness = overlaps(boxes, from_joints)
    for box, subject in zip(*linear_sum_assignment(likeness, maximize=True), strict=True):
        if likeness[box, subject] >= LEAST_IOU:
            chosen[subject], confidence[subject] = boxes[box], scores[box]
    return chosen, confidence


def _round_both(boxes: np.ndarray, from_joints: np.ndarray) -> np.ndarray:
    """(N,) bool, boxes that fit the box round both subjects better than either subject's."""
    if overlaps(from_joints[:1], from_joints[1:])[0, 0] > ONE_BODY_IOU:
        return np.zeros(len(boxes), bool)
    both = np.concatenate([from_joints[:, :2].min(axis=0), from_joints[:, 2:].max(axis=0)])
    return overlaps(boxes, both[None])[:, 0] > overlaps(boxes, from_joints).max(axis=1)
