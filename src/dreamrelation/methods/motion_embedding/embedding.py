"""The motion embedding of one block: what is added to its visual tokens."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate


def value_grid(token_grid: tuple[int, int], reduction: int) -> tuple[int, int]:
    """Places (rows, columns) of the values' embedding for a token grid (h, w): a reduced one, rounded up."""
    return math.ceil(token_grid[0] / reduction), math.ceil(token_grid[1] / reduction)


class BlockEmbedding(nn.Module):
    """m_qk and m_v of one block with D features, which start at zero, so that the model starts as it is."""

    def __init__(self, frames: int, grid: tuple[int, int], width: int, device: torch.device | None = None) -> None:
        super().__init__()
        self.query_key = nn.Parameter(torch.zeros(frames, width, device=device))
        """(f, D), the same at all places: it can tell when, and not what stands where."""
        self.value = nn.Parameter(torch.zeros(frames, *grid, width, device=device))
        """(f, rows, columns, D)."""


def per_token_of_frames(query_key: Tensor, token_grid: tuple[int, int]) -> Tensor:
    """(f, D) → (f·h·w, D), in the order of the tokens."""
    return query_key.repeat_interleave(token_grid[0] * token_grid[1], dim=0)


def per_token(value: Tensor, token_grid: tuple[int, int]) -> Tensor:
    """(f, rows, columns, D) → (f·h·w, D): upsampled bilinearly, in the order of the tokens."""
    upsampled = interpolate(value.permute(0, 3, 1, 2), size=token_grid, mode="bilinear", align_corners=False)
    return upsampled.permute(0, 2, 3, 1).flatten(0, 2)


def differenced(value: Tensor) -> Tensor:
    """m̃₁ = m₁, m̃_j = m_j − m_{j−1} along the frames (f, …): what stays the same, an appearance, goes."""
    return torch.cat([value[:1], value[1:] - value[:-1]])


def retimed(embedding: Tensor, frames: int) -> Tensor:
    """An embedding (f, …) for another number of frames, linearly between its own."""
    if len(embedding) == frames:
        return embedding
    flat = embedding.flatten(1).transpose(0, 1)[None]
    resampled = interpolate(flat, size=frames, mode="linear", align_corners=True)[0].transpose(0, 1)
    return resampled.reshape(frames, *embedding.shape[1:])
