"""Whether a video's pictures are worth learning from: they show something, move, and move where the skeleton does."""

import numpy as np

from dreamrelation.data.refusal import Refusal

THUMBNAIL = (64, 36)
"""Width and height at which pictures are looked at: noise is averaged away, people are still some pixels wide."""
BLANK = 2.0
"""A picture whose grey levels, of 255, have a smaller standard deviation than this shows nothing."""
PICTURE_MOVES = 6.0
"""From one picture to the next something moves if some pixel of the thumbnail changes by more grey levels than this."""
SKELETON_MOVES = 0.005
"""A joint moves if it goes farther than this share of the body's height from one frame to the next."""
JITTER = 1e-5
"""The same, for joints that stand still: a sensor's tremble by far more than this."""
FEW, MANY = 0.2, 0.5
"""Shares of a window's steps in which next to nothing, and in which much moves."""


def check_pictures(thumbnails: np.ndarray, joints: np.ndarray | None) -> None:
    """Raise Refusal where a window shows nothing, stands still, or moves otherwise than its skeletons.

    thumbnails (F, 36, 64) uint8 grey; joints (F, 2, 25, 3) in metres, None without skeletons.
    """
    blank = int((thumbnails.std(axis=(1, 2)) < BLANK).sum())
    if blank > MANY * len(thumbnails):
        raise Refusal(f"blank picture: found nothing to see in {blank} of the window's {len(thumbnails)} frames")
    steps = np.abs(np.diff(thumbnails.astype(np.int16), axis=0)).max(axis=(1, 2))
    picture = float((steps > PICTURE_MOVES).mean())
    if joints is None:
        if picture < FEW:
            raise Refusal(f"frozen picture: found movement in {picture:.2f} of the window's steps, expected {FEW}")
        return
    trembling = moving_share(joints, JITTER)
    if trembling < MANY:
        raise Refusal(
            f"frozen skeleton: found its joints at exactly the same places in {1 - trembling:.2f} of the window's steps"
        )
    skeleton = moving_share(joints, SKELETON_MOVES)
    if picture < FEW and skeleton > MANY:
        raise Refusal(
            f"frozen picture: found movement in {picture:.2f} of the window's steps, and of the skeletons in"
            f" {skeleton:.2f}"
        )
    if skeleton < FEW and picture > MANY:
        raise Refusal(
            f"frozen skeleton: found movement in {skeleton:.2f} of the window's steps, and of the picture in"
            f" {picture:.2f}"
        )


def moving_share(joints: np.ndarray, least: float) -> float:
    """Share of the steps of (F, 2, 25, 3) in which some joint moves farther than this share of a body's height."""
    height = float(np.ptp(joints[..., 1], axis=2).max())
    travelled = np.linalg.norm(np.diff(joints, axis=0), axis=-1).max(axis=(1, 2))
    return float((travelled > least * height).mean())
