"""Whose mask is whose, and whether a clip's masks can be believed.

Masks are matched with skeletons in the frame in which the two are farthest apart and then followed both ways. What
does not hold together is refused, never repaired in silence.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment

from dreamrelation.masks.segmenters import SUBJECTS, UnusableClip
from dreamrelation.settings.masks import MaskSettings

CONTINUITY = 2.0
"""Weight of the overlap with the last frame's mask beside the share of joints inside. It is the larger one: where a
sensor swaps two bodies, masks keep to the picture, and the joints outside them give the swap away."""


def joints_inside(masks: np.ndarray, joints: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Share of each body's known joints inside each mask, (F, 2 masks, 2 bodies); not a number without joints.

    masks (F, 2, H, W) bool, joints (F, 2, 25, 2) in their pixels, known (F, 2, 25) bool.
    """
    height, width = masks.shape[-2:]
    x, y = (np.rint(np.where(known, joints[..., axis], -1)).astype(int) for axis in (0, 1))
    counts = known & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    frame = np.arange(len(masks))[:, None, None]
    totals = known.sum(axis=-1).astype(float)
    totals[totals == 0] = np.nan
    shares = np.empty((len(masks), SUBJECTS, SUBJECTS))
    for mask in range(SUBJECTS):
        held = masks[frame, mask, np.where(counts, y, 0), np.where(counts, x, 0)] & counts
        shares[:, mask] = held.sum(axis=-1) / totals
    return shares


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union along the last two axes; 1 where both are empty."""
    union = (a | b).sum(axis=(-1, -2))
    return np.where(union > 0, (a & b).sum(axis=(-1, -2)) / np.maximum(union, 1), 1.0)


def widest_frame(joints: np.ndarray, known: np.ndarray) -> int:
    """The frame in which the two bodies' centres are farthest apart. Raises ValueError if no frame shows both."""
    count = known.sum(axis=-1)
    centres = np.where(known[..., None], joints, 0).sum(axis=2) / np.maximum(count, 1)[..., None]
    distance = np.where(count.all(axis=1), np.hypot(*np.moveaxis(centres[:, 0] - centres[:, 1], -1, 0)), -1.0)
    if distance.max() < 0:
        raise ValueError("found no frame with joints of both bodies, expected at least one")
    return int(distance.argmax())


def in_subject_order(masks: np.ndarray, joints: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Masks (F, 2, H, W) with subject 1 first in every frame.

    Raises ValueError if no frame shows joints of both bodies.
    """
    shares = np.nan_to_num(joints_inside(masks, joints, known))
    seed = widest_frame(joints, known)
    ordered = masks.copy()
    ordered[seed] = masks[seed][_matched(shares[seed])]
    for frames, step in ((range(seed + 1, len(masks)), 1), (range(seed - 1, -1, -1), -1)):
        for frame in frames:
            last = ordered[frame - step]
            overlap = iou(masks[frame][:, None], last[None])
            ordered[frame] = masks[frame][_matched(shares[frame] + CONTINUITY * overlap)]
    return ordered


def _matched(likeness: np.ndarray) -> np.ndarray:
    """For each subject, the index of its mask; likeness is (2 masks, 2 subjects)."""
    _, mask_of_subject = linear_sum_assignment(likeness.T, maximize=True)
    return mask_of_subject


def check_areas(clip: str, masks: np.ndarray, settings: MaskSettings) -> None:
    """Raise UnusableClip where a subject has no pixel, or its area jumps, in masks (F, 2, H, W)."""
    areas = masks.sum(axis=(-1, -2))
    if (areas == 0).any():
        frame, subject = np.argwhere(areas == 0)[0]
        raise UnusableClip(f"{clip}: subject {subject + 1} has no pixel in frame {frame}, expected some")
    jumps = np.maximum(areas[1:] / areas[:-1], areas[:-1] / areas[1:])
    if jumps.size and jumps.max() > settings.maximum_area_jump:
        frame, subject = np.unravel_index(int(jumps.argmax()), jumps.shape)
        raise UnusableClip(
            f"{clip}: subject {subject + 1}'s area goes from {areas[frame, subject]} to {areas[frame + 1, subject]}"
            f" pixels at frame {frame + 1}, expected a factor of at most {settings.maximum_area_jump:g}"
        )


def check_joints(clip: str, shares: np.ndarray, known: np.ndarray, settings: MaskSettings) -> None:
    """Raise UnusableClip where a subject's mask holds too few of its joints over the whole clip.

    shares (F, 2) of each subject's own mask, known (F, 2, 25). Not per frame: a body behind another one is hidden.
    """
    joints = known.sum(axis=-1)
    for subject in range(SUBJECTS):
        held = np.nansum(shares[:, subject] * joints[:, subject]) / max(int(joints[:, subject].sum()), 1)
        if held < settings.minimum_joints_inside:
            raise UnusableClip(
                f"{clip}: subject {subject + 1}'s mask holds {held:.0%} of its joints,"
                f" expected at least {settings.minimum_joints_inside:.0%}"
            )
