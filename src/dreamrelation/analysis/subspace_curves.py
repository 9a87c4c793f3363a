"""Subspace similarity of query, key and value in each block of a transformer, over the number of vectors."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dreamrelation.analysis.matrices import PROJECTIONS, AttentionMatrices
from dreamrelation.analysis.subspaces import Leading, exact, randomized, similarities
from dreamrelation.errors import UserError
from dreamrelation.settings.analysis import SubspaceSettings

PAIRS = (("query", "key"), ("query", "value"), ("key", "value"))


@dataclass(frozen=True)
class Curve:
    """One pair of matrices of one block."""

    block: str
    first: str
    second: str
    dimensions: int
    """n of the vectors; of random subspaces the similarity is r/n on average."""
    similarity: tuple[float, ...]
    """Of the first r vectors, for r = 1, 2, …"""
    error: tuple[float, ...]
    """How far off each is at most; zeros where it is exact."""


def curves_of(
    matrices: AttentionMatrices, block: str, settings: SubspaceSettings, device: torch.device
) -> Iterator[Curve]:
    """The curves of all pairs of one block; no more than its three matrices are held.

    Of small matrices as many vectors are taken as they have. Raises UserError where the three have no common length.
    """
    weights = {name: matrices.read(block, name).to(device) for name in PROJECTIONS}
    lengths = {weight.shape[0] for weight in weights.values()}
    if len(lengths) > 1:
        raise UserError(f"{matrices.folder}: {block} has query, key and value of {sorted(lengths)} rows")
    rank = min(settings.ranks, *(side for weight in weights.values() for side in weight.shape))
    leading = {name: _fast(weight, rank, settings) for name, weight in weights.items()}
    for first, second in PAIRS:
        if settings.method == "auto" and similarities(leading[first], leading[second])[1].max() > settings.tolerance:
            for name in (first, second):
                leading[name] = _exact_once(leading[name], weights[name], rank)
    for first, second in PAIRS:
        values, errors = similarities(leading[first], leading[second])
        yield Curve(block, first, second, weights[first].shape[0], _numbers(values), _numbers(errors))


def _fast(weight: Tensor, rank: int, settings: SubspaceSettings) -> Leading:
    return exact(weight, rank) if settings.method == "exact" else randomized(weight, rank)


def _exact_once(found: Leading, weight: Tensor, rank: int) -> Leading:
    return found if not found.angles.any() else exact(weight, rank)


def _numbers(values: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)
