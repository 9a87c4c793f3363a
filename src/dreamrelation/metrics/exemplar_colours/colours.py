"""Colours as CIELAB has them, in which distances are about what eyes see."""

import cv2
import numpy as np


def lab(colours: np.ndarray) -> np.ndarray:
    """RGB (..., 3) uint8 → L* 0 to 100, a* and b* about −128 to 127, (..., 3) float32."""
    rows = np.ascontiguousarray(colours, np.float32).reshape(-1, 1, 3) / 255
    return cv2.cvtColor(rows, cv2.COLOR_RGB2LAB).reshape(np.shape(colours))
