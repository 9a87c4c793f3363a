"""Query, key and value of the visual tokens as maps, averaged over blocks, heads and frames."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from dreamrelation.analysis.matrices import PROJECTIONS
from dreamrelation.backbones.interface import Denoiser, TextEmbeddings, attention_modules, visual_projections

COLOURS = 3
"""Principal components that are shown, as red, green and blue."""
CLIPPED = 0.02
"""Share of the tokens at either end of a component that may leave the range of its colour."""


@torch.no_grad()
def feature_maps(denoiser: Denoiser, noisy: Tensor, sigma: float, texts: TextEmbeddings) -> dict[str, Tensor]:
    """Projection → (h', w', d) float32, the outputs of its layers averaged over blocks, heads and frames.

    Of noisy latents (1, C, f, h, w) at a noise level and one text. h' × w' are the transformer's tokens, d is a head's
    width.
    """
    spec = denoiser.spec
    frames, height, width = noisy.shape[2:]
    grid = (frames, height // spec.patch, width // spec.patch)
    sums = {name: _Sum(grid, spec.text_place == "before") for name in PROJECTIONS}
    handles = [
        layer.register_forward_hook(sums[name].adder(cast(Any, attention).heads))
        for name in PROJECTIONS
        for layer, attention in zip(visual_projections(denoiser, name), attention_modules(denoiser, name), strict=True)
    ]
    try:
        denoiser.velocity(noisy, torch.full((1,), sigma), texts)
    finally:
        for handle in handles:
            handle.remove()
    return {name: one.mean() for name, one in sums.items()}


@dataclass
class _Sum:
    """Adds up the outputs of the layers of one projection."""

    grid: tuple[int, int, int]
    text_first: bool
    total: Tensor | None = None
    count: int = 0

    def adder(self, heads: int) -> Callable[[nn.Module, Any, Tensor], None]:
        def add(module: nn.Module, args: Any, output: Tensor) -> None:
            tokens = self.grid[0] * self.grid[1] * self.grid[2]
            visual = output[0, -tokens:] if self.text_first else output[0, :tokens]
            mean = visual.float().unflatten(1, (heads, -1)).mean(dim=1).view(*self.grid, -1).mean(dim=0)
            self.total = mean if self.total is None else self.total + mean
            self.count += 1

        return add

    def mean(self) -> Tensor:
        assert self.total is not None  # every block has such a layer
        return (self.total / self.count).cpu()


def as_picture(features: Tensor) -> np.ndarray:
    """(h', w', 3) uint8: the three leading principal components of (h', w', d) as red, green and blue.

    Signs are those by which a component's largest weight is positive, so that the same features give the same picture.
    """
    height, width, depth = features.shape
    values = features.reshape(-1, depth).double()
    centred = values - values.mean(dim=0)
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    directions = directions[:COLOURS]
    largest = directions.gather(1, directions.abs().argmax(dim=1, keepdim=True))
    shown = (centred @ (directions * largest.sign()).T).numpy()
    low, high = np.quantile(shown, [CLIPPED, 1 - CLIPPED], axis=0)
    scaled = np.clip((shown - low) / np.maximum(high - low, np.finfo(float).tiny), 0, 1)
    colours = np.zeros((height * width, COLOURS))
    colours[:, : scaled.shape[1]] = scaled
    return (255 * colours).round().astype(np.uint8).reshape(height, width, COLOURS)
