"""Comparison with true masks, where the source clips have them."""

from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.optimize import linear_sum_assignment

from dreamrelation.masks.encoding import decode
from dreamrelation.masks.identity import iou
from dreamrelation.masks.segmenters import SUBJECTS


def resize_by_area(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """A mask (H, W) bool at another size: pixels that are covered by more than half."""
    if mask.shape == (height, width):
        return mask
    grows = height > mask.shape[0]
    method = cv2.INTER_LINEAR if grows else cv2.INTER_AREA
    return cv2.resize(mask.astype(np.float32), (width, height), interpolation=method) > 0.5


def true_masks(truth: pa.Table, row: dict[str, Any], height: int, width: int) -> np.ndarray:
    """True masks of a selected clip's window and crop, (bodies, F, height, width) bool.

    `truth` has the schema `tables.TRUE_MASKS`, `row` that of `tables.SELECTION`. Raises ValueError where a frame of a
    body has none, or the crop leaves the picture.
    """
    clip, start, stop = row["clip"], row["start_frame"], row["start_frame"] + row["pixel_frames"]
    of_clip = truth.filter(pc.field("clip") == clip)
    window = of_clip.filter((pc.field("frame") >= start) & (pc.field("frame") < stop))
    found = {(true["body"], true["frame"]): true for true in window.to_pylist()}
    bodies = sorted({body for body, _ in found})
    if len(bodies) < SUBJECTS:
        raise ValueError(f"{clip}: found true masks of {len(bodies)} bodies in the window, expected {SUBJECTS} or more")
    masks = np.empty((len(bodies), row["pixel_frames"], height, width), bool)
    for at, body in enumerate(bodies):
        for frame in range(start, stop):
            true = found.get((body, frame))
            if true is None:
                raise ValueError(f"{clip}: found no true mask of body {body} in frame {frame}, expected one")
            masks[at, frame - start] = resize_by_area(_cropped(true, row), height, width)
    return masks


def _cropped(true: dict[str, Any], row: dict[str, Any]) -> np.ndarray:
    left, top, width, height = (row[f"crop_{side}"] for side in ("left", "top", "width", "height"))
    if left < 0 or top < 0 or left + width > true["width"] or top + height > true["height"]:
        raise ValueError(
            f"{row['clip']}: the crop of {width} × {height} at ({left}, {top}) leaves the true mask"
            f" of {true['width']} × {true['height']}"
        )
    return decode(true["counts"], true["height"], true["width"])[top : top + height, left : left + width]


def truth_iou(masks: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Intersection over union (F, 2) of masks (F, 2, H, W) with true masks (bodies, F, H, W).

    Bodies are matched with subjects once for the whole clip, so that an identity which swaps within it costs.
    """
    scores = iou(masks[None], true[:, :, None])
    body, subject = linear_sum_assignment(scores.mean(axis=1), maximize=True)
    return np.stack([scores[b, :, s] for s, b in sorted(zip(subject.tolist(), body.tolist(), strict=True))], axis=1)
