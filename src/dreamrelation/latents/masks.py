"""Pixel masks pooled to a backbone's latent grid: over the frames that a latent frame covers. Paper, section 3.2."""

from typing import Literal

import numpy as np

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.roles import SUBJECTS, Role
from dreamrelation.settings.latents import LatentSettings


def pool_masks(masks: np.ndarray, spec: BackboneSpec, pooling: Literal["area", "released_code"] = "area") -> np.ndarray:
    """Pool masks (F, H, W), bool or in [0, 1], to the latent grid (f, h, w), float32 in [0, 1].

    `area` is the share of the cell's pixels over the covered frames. `released_code` is 1 as soon as one pixel is
    inside: the authors' nearest-and-preserve resize comes close to that. Raises UserError where the model cannot take
    F frames or a side does not fill whole patches.
    """
    frames, height, width = masks.shape
    f, h, w = spec.latent_grid(frames, height, width)
    cells = masks.reshape(frames, h, spec.spatial_stride, w, spec.spatial_stride)
    pooled = np.empty((f, h, w), np.float32)
    for k in range(f):
        covered = spec.covered_frames(k)
        block = cells[covered.start : covered.stop]
        if pooling == "area":
            pooled[k] = block.mean(axis=(0, 2, 4), dtype=np.float64)
        else:
            pooled[k] = (block > 0).any(axis=(0, 2, 4))
    return pooled


def latent_masks(masks: np.ndarray, settings: LatentSettings, spec: BackboneSpec) -> dict[Role, np.ndarray]:
    """The mask of each role on the latent grid, (f, h, w) float32, from masks (F, 2, H, W) bool.

    The relation's mask is the union per pixel, pooled, in [0, 1]; `released_code` adds the subjects' pooled masks, so
    that it reaches 2 where they share a cell. Raises UserError as `pool_masks`.
    """
    if masks.ndim != 4 or masks.shape[1] != SUBJECTS:
        raise ValueError(f"found masks of shape {masks.shape}, expected (F, {SUBJECTS}, H, W)")
    subject1, subject2 = (pool_masks(masks[:, subject], spec, settings.pooling) for subject in range(SUBJECTS))
    relation = subject1 + subject2
    if settings.union == "per_pixel":
        relation = pool_masks(masks[:, 0] | masks[:, 1], spec, settings.pooling)
    return {"relation": relation, "subject1": subject1, "subject2": subject2}
