"""Whether a clip's masks can be believed: what does not hold together is refused."""

import numpy as np

from dreamrelation.roles import SUBJECTS
from dreamrelation.segmentation.interface import UnusableClip


def check_areas(masks: np.ndarray, maximum_jump: float) -> None:
    """Raise UnusableClip where a subject has no pixel in masks (F, 2, H, W), or its area changes by a larger factor."""
    areas = masks.sum(axis=(-1, -2))
    if (areas == 0).any():
        frame, subject = np.argwhere(areas == 0)[0]
        raise UnusableClip(f"subject {subject + 1} has no pixel in frame {frame}, expected some")
    jumps = np.maximum(areas[1:] / areas[:-1], areas[:-1] / areas[1:])
    if jumps.size and jumps.max() > maximum_jump:
        frame, subject = np.unravel_index(int(jumps.argmax()), jumps.shape)
        raise UnusableClip(
            f"subject {subject + 1}'s area goes from {areas[frame, subject]} to {areas[frame + 1, subject]}"
            f" pixels at frame {frame + 1}, expected a factor of at most {maximum_jump:g}"
        )


def check_neighbours(neighbours: np.ndarray, minimum: float) -> None:
    """Raise UnusableClip where a mask overlaps the one before too little: neighbours (F − 1, 2) are their IoU."""
    if neighbours.size and neighbours.min() < minimum:
        frame, subject = np.unravel_index(int(neighbours.argmin()), neighbours.shape)
        raise UnusableClip(
            f"subject {subject + 1}'s masks of frames {frame} and {frame + 1} have an IoU of"
            f" {neighbours[frame, subject]:.2f}, expected at least {minimum:g}"
        )


def check_joints(shares: np.ndarray, known: np.ndarray, minimum_share: float) -> None:
    """Raise UnusableClip where a subject's mask holds too few of its joints over the whole clip.

    shares (F, 2) of each subject's own mask, known (F, 2, 25). Not per frame: a body behind another one is hidden.
    """
    joints = known.sum(axis=-1)
    for subject in range(SUBJECTS):
        held = np.nansum(shares[:, subject] * joints[:, subject]) / max(int(joints[:, subject].sum()), 1)
        if held < minimum_share:
            raise UnusableClip(
                f"subject {subject + 1}'s mask holds {held:.0%} of its joints, expected at least {minimum_share:.0%}"
            )
