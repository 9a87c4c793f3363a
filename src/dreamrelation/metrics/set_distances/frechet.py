"""The Fréchet distance between normal distributions that are fitted to two sets of features."""

import numpy as np


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """|μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½), covariances over N − 1, of features (N, D) and (M, D).

    The trace of the root is the nuclear norm of X₁X₂ᵀ/√((N − 1)(M − 1)), X centred: no root of a matrix is taken, so
    nothing is complex or ill-conditioned, and the cost is that of N × M. Raises ValueError for fewer than two videos.
    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1] or min(len(first), len(second)) < 2:
        raise ValueError(f"found features {first.shape} and {second.shape}, expected (N, D) and (M, D), N and M ≥ 2")
    means = first.mean(axis=0) - second.mean(axis=0)
    x, y = first - first.mean(axis=0), second - second.mean(axis=0)
    spread = (x**2).sum() / (len(x) - 1) + (y**2).sum() / (len(y) - 1)
    common = np.linalg.norm(x @ y.T, ord="nuc") / np.sqrt((len(x) - 1) * (len(y) - 1))
    return float(max(means @ means + spread - 2 * common, 0.0))
