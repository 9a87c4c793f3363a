"""How alike the directions are that two matrices write to: similarity of their leading left singular subspaces.

With U_A and U_B the r leading left singular vectors of A and B, it is (1/r)·‖U_Aᵀ U_B‖²_F: 1 for the same subspace, 0
for orthogonal ones, and r/n on average for random ones of n dimensions.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

OVERSAMPLING = 32
"""Directions that the randomized way follows beyond those that are asked for."""
POWER_ITERATIONS = 6


@dataclass(frozen=True)
class Leading:
    """The leading left singular vectors of a matrix."""

    vectors: Tensor
    """(n, R) float64, orthonormal, the one of the largest singular value first."""
    angles: np.ndarray
    """(R,) for each r: at most so large is the Frobenius norm of the sines of the angles between the first r of them
    and the true ones. Zeros where they are exact."""


def exact(matrix: Tensor, rank: int) -> Leading:
    """By the eigenvectors of A Aᵀ in float64, of A (n, m); as exact as a singular value decomposition where singular
    values differ by more than 1e-8 of the largest.

    Raises ValueError for more vectors than there are.
    """
    _check_rank(matrix, rank)
    wide = matrix.double()
    _, vectors = torch.linalg.eigh(wide @ wide.T)  # ascending
    return Leading(vectors.flip(-1)[:, :rank].contiguous(), np.zeros(rank))


def randomized(matrix: Tensor, rank: int, seed: int = 0) -> Leading:
    """By subspace iteration from a random start (Halko, Martinsson and Tropp 2011), in float64.

    How far off it is follows from what is left over: with θ the Ritz values of A Aᵀ and R the residual of the first r,
    ‖sin‖_F ≤ ‖R‖_F / (θ_r − θ_{r+1}) (Davis and Kahan 1970), where θ_{r+1} plus its own residual stands for the
    eigenvalue that comes next. The bound is 1·√r, so says nothing, where singular values hardly differ there. Raises
    ValueError for more vectors than there are.
    """
    _check_rank(matrix, rank)
    wide = matrix.double()
    width = min(rank + OVERSAMPLING, *wide.shape)
    generator = torch.Generator(device=wide.device).manual_seed(seed)
    start = torch.randn(wide.shape[1], width, generator=generator, dtype=torch.float64, device=wide.device)
    basis = torch.linalg.qr(wide @ start).Q
    for _ in range(POWER_ITERATIONS):
        basis = torch.linalg.qr(wide @ torch.linalg.qr(wide.T @ basis).Q).Q
    projected = basis.T @ wide
    values, turns = torch.linalg.eigh(projected @ projected.T)
    values, vectors = values.flip(0), basis @ turns.flip(-1)
    residuals = torch.linalg.vector_norm(wide @ (wide.T @ vectors) - vectors * values, dim=0)
    following = torch.cat([values[1:] + residuals[1:], values.new_zeros(1)])
    gaps = (values - following)[:rank].clamp_min(0)
    norms = residuals.square().cumsum(0).sqrt()[:rank]
    ranks = torch.arange(1, rank + 1, dtype=torch.float64, device=wide.device)
    angles = torch.minimum(norms / gaps, ranks.sqrt())  # x / 0 is infinite
    if width == min(wide.shape):
        angles = torch.zeros_like(angles)  # the basis is whole
    return Leading(vectors[:, :rank].contiguous(), torch.nan_to_num(angles, nan=0.0).cpu().numpy())


def similarities(first: Leading, second: Leading) -> tuple[np.ndarray, np.ndarray]:
    """(R,) similarity of the first r vectors of each for r = 1 … R, and (R,) how far off each is at most.

    A projector whose subspace is off by s has an error of √2·s, so the similarity one of √(2/r)·(s_A + s_B), and never
    more than 1. Raises ValueError for vectors of different lengths or numbers.
    """
    if first.vectors.shape != second.vectors.shape:
        raise ValueError(
            f"found vectors {tuple(first.vectors.shape)} and {tuple(second.vectors.shape)}, expected the same"
        )
    squares = (first.vectors.T @ second.vectors).square()
    nested = squares.cumsum(0).cumsum(1).diagonal().cpu().numpy()
    ranks = np.arange(1, len(nested) + 1)
    errors = np.minimum(np.sqrt(2 / ranks) * (first.angles + second.angles), 1.0)
    return nested / ranks, errors


def _check_rank(matrix: Tensor, rank: int) -> None:
    if matrix.ndim != 2 or not 1 <= rank <= min(matrix.shape):
        raise ValueError(f"found a matrix {tuple(matrix.shape)} and {rank} vectors, expected 1 to {min(matrix.shape)}")
