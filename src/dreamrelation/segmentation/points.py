"""Points at joints, for segmenters that take points: one's own joints are inside a subject, the other's outside."""

from dataclasses import dataclass

import numpy as np

from dreamrelation.roles import SUBJECTS

POINT_JOINTS = np.array([1, 2, 3, 4, 6, 10, 14, 18, 15, 19, 21]) - 1
"""Trunk, head, elbows, knees and ankles: well inside the body. Hands are where the two touch."""
APART_SHARE = 0.08
"""A joint this near to one of the other's, over the joint box's height, is no point: it says nothing about who."""


@dataclass(frozen=True)
class Points:
    """Points of one frame, N for each subject."""

    places: np.ndarray
    """(2, N, 2) x, y in the frame's pixels."""
    labels: np.ndarray
    """(2, N): 1 inside the subject, 0 outside, −1 not a point."""


def joint_points(joints: np.ndarray, known: np.ndarray, from_joints: np.ndarray) -> Points:
    """Points at joints (2, 25, 2), by their boxes (2, 4): one's own labelled 1, the other's 0, unusable ones −1."""
    places = np.where(known[..., None], joints, 0.0)
    height = (from_joints[:, 3] - from_joints[:, 1]).max()
    usable = []
    for subject in range(SUBJECTS):
        other = joints[1 - subject, known[1 - subject]]
        distance = np.hypot(*np.moveaxis(places[subject, POINT_JOINTS, None] - other[None], -1, 0)).min(axis=1)
        usable.append(known[subject, POINT_JOINTS] & (distance > APART_SHARE * height))
    own = places[:, POINT_JOINTS]
    inside = np.where(np.array(usable), 1, -1)
    outside = np.where(np.array(usable)[::-1], 0, -1)
    return Points(np.concatenate([own, own[::-1]], axis=1), np.concatenate([inside, outside], axis=1))
