"""Optical flow between a video's neighbouring frames."""

from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np

BY = "DIS flow"
"""What it is by: dense inverse search (Kroeger et al. 2016), as OpenCV has it."""


def flows(frames: np.ndarray) -> Iterator[np.ndarray]:
    """(H, W, 2) float32 for each two neighbours: to the right and down, in pixels, of frames (F, H, W, 3) uint8 RGB."""
    dense = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    for before, after in pairwise(grey):
        yield dense.calc(before, after, np.zeros((*before.shape, 2), np.float32))
