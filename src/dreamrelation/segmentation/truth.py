"""Comparison with true masks, where the source clips have them."""

from collections.abc import Iterable

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from dreamrelation.errors import UserError
from dreamrelation.roles import SUBJECTS
from dreamrelation.segmentation.identity import iou
from dreamrelation.segmentation.run_lengths import decode
from dreamrelation.tables.rows import SelectedClip, TrueMask

SETTING = "masks.truth"


def resize_by_area(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """A mask (H, W) bool at another size: pixels that are covered by more than half."""
    if mask.shape == (height, width):
        return mask
    grows = height > mask.shape[0]
    method = cv2.INTER_LINEAR if grows else cv2.INTER_AREA
    return cv2.resize(mask.astype(np.float32), (width, height), interpolation=method) > 0.5


def true_masks(truth: Iterable[TrueMask], clip: SelectedClip, height: int, width: int) -> np.ndarray:
    """True masks of a selected clip's window and crop, (bodies, F, height, width) bool.

    Raises UserError where a frame of a body has none, or the crop leaves the picture.
    """
    window = clip.frames
    found = {(row.body, row.frame): row for row in truth if row.clip == clip.clip and row.frame in window}
    bodies = sorted({body for body, _ in found})
    if len(bodies) < SUBJECTS:
        raise UserError(
            f"{SETTING}: {clip.clip}: found true masks of {len(bodies)} bodies in the window,"
            f" expected {SUBJECTS} or more"
        )
    masks = np.empty((len(bodies), len(window), height, width), bool)
    for at, body in enumerate(bodies):
        for number, frame in enumerate(window):
            row = found.get((body, frame))
            if row is None:
                raise UserError(
                    f"{SETTING}: {clip.clip}: found no true mask of body {body} in frame {frame}, expected one"
                )
            masks[at, number] = resize_by_area(_cropped(row, clip), height, width)
    return masks


def _cropped(row: TrueMask, clip: SelectedClip) -> np.ndarray:
    left, top, width, height = clip.crop_left, clip.crop_top, clip.crop_width, clip.crop_height
    if left < 0 or top < 0 or left + width > row.width or top + height > row.height:
        raise UserError(
            f"{SETTING}: {clip.clip}: the crop of {width} × {height} at ({left}, {top}) leaves the true mask"
            f" of {row.width} × {row.height}"
        )
    return decode(row.counts, row.height, row.width)[top : top + height, left : left + width]


def truth_iou(masks: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Intersection over union (F, 2) of masks (F, 2, H, W) with true masks (bodies, F, H, W).

    Bodies are matched with subjects once for the whole clip, so that an identity which swaps within it costs.
    """
    scores = iou(masks[None], true[:, :, None])
    body, subject = linear_sum_assignment(scores.mean(axis=1), maximize=True)
    return np.stack([scores[b, :, s] for s, b in sorted(zip(subject.tolist(), body.tolist(), strict=True))], axis=1)
