"""Subspace similarity of query, key and value in each block of a transformer, over the number of vectors."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dreamrelation.analysis.matrices import PROJECTIONS, AttentionMatrices, Block
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
    matrices: AttentionMatrices, block: Block, settings: SubspaceSettings, device: torch.device
) -> Iterator[Curve]:
    """The curves of all pairs of one block; no more than its three matrices are held.

    Raises UserError where the matrices have no common length, or fewer vectors than are asked for.
    """
    weights = {name: matrices.read(block, name).to(device) for name in PROJECTIONS}
    lengths = {weight.shape[0] for weight in weights.values()}
    if len(lengths) > 1:
        raise UserError(f"{matrices.folder}: {block.name} has query, key and value of {sorted(lengths)} rows")
    fewest = min(min(weight.shape) for weight in weights.values())
    if settings.ranks > fewest:
        raise UserError(f"analysis.subspaces.ranks: found {settings.ranks}, expected at most {fewest} for this model")
    leading = {name: _fast(weight, settings) for name, weight in weights.items()}
    for first, second in PAIRS:
        if settings.method == "auto" and similarities(leading[first], leading[second])[1].max() > settings.tolerance:
            for name in (first, second):
                leading[name] = _exact_once(leading[name], weights[name], settings.ranks)
    for first, second in PAIRS:
        values, errors = similarities(leading[first], leading[second])
        yield Curve(block.name, first, second, lengths.copy().pop(), _numbers(values), _numbers(errors))


def _fast(weight: Tensor, settings: SubspaceSettings) -> Leading:
    return exact(weight, settings.ranks) if settings.method == "exact" else randomized(weight, settings.ranks)


def _exact_once(found: Leading, weight: Tensor, rank: int) -> Leading:
    return found if not found.angles.any() else exact(weight, rank)


def _numbers(values: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)
