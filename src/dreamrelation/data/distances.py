"""Distances between points, for many thousands of clips."""

import numpy as np


def squared_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Of points (…, 3) whose leading axes broadcast, one axis at a time: several times as fast as `np.linalg.norm`."""
    return sum(np.square(first[..., axis] - second[..., axis]) for axis in range(3))  # type: ignore[return-value]
