"""Pixel masks pooled to the causal latent grid: over the frames that a latent frame covers. Paper, section 3.2."""

from typing import Literal

import numpy as np

from dreamrelation.geometry import SPATIAL_STRIDE, covered_frames, latent_grid
from dreamrelation.masks.segmenters import SUBJECTS
from dreamrelation.roles import Role
from dreamrelation.settings.model import LatentSettings


def pool_masks(masks: np.ndarray, pooling: Literal["area", "released_code"] = "area") -> np.ndarray:
    """Pool masks (F, H, W), bool or in [0, 1], to the latent grid (f, h, w), float32 in [0, 1].

    `area` is the share of the cell's pixels over the covered frames. `released_code` is 1 as soon as one pixel is
    inside: the authors' nearest-and-preserve resize comes close to that. Raises ValueError where F is not 6k+1 or a
    side does not fill whole patches.
    """
    frames, height, width = masks.shape
    f, h, w = latent_grid(frames, height, width)
    cells = masks.reshape(frames, h, SPATIAL_STRIDE, w, SPATIAL_STRIDE)
    pooled = np.empty((f, h, w), np.float32)
    for k in range(f):
        covered = covered_frames(k)
        block = cells[covered.start : covered.stop]
        if pooling == "area":
            pooled[k] = block.mean(axis=(0, 2, 4), dtype=np.float64)
        else:
            pooled[k] = (block > 0).any(axis=(0, 2, 4))
    return pooled


def latent_masks(masks: np.ndarray, settings: LatentSettings) -> dict[Role, np.ndarray]:
    """The mask of each role on the latent grid, (f, h, w) float32, from masks (F, 2, H, W) bool.

    The relation's mask is the union per pixel, pooled, in [0, 1]; `released_code` adds the subjects' pooled masks, so
    that it reaches 2 where they share a cell.
    """
    if masks.ndim != 4 or masks.shape[1] != SUBJECTS:
        raise ValueError(f"found masks of shape {masks.shape}, expected (F, {SUBJECTS}, H, W)")
    subject1, subject2 = (pool_masks(masks[:, subject], settings.pooling) for subject in range(SUBJECTS))
    relation = subject1 + subject2
    if settings.union == "per_pixel":
        relation = pool_masks(masks[:, 0] | masks[:, 1], settings.pooling)
    return {"relation": relation, "subject1": subject1, "subject2": subject2}
