"""Query, key and value as maps: against the layers themselves, and pictures of known features."""

from functools import partial
from typing import Any

import numpy as np
import torch
from tests.tiny_models import Kind
from torch import nn

from dreamrelation.analysis.feature_maps import as_picture, feature_maps
from dreamrelation.backbones.interface import visual_projections

TEXT = "A dog is hugging a cat."
GRID = (3, 4, 6)


def _keep(outputs: list[torch.Tensor], module: nn.Module, args: Any, output: torch.Tensor) -> None:
    outputs.append(output[0])


def test_maps_are_means_over_blocks_heads_and_frames_of_the_visual_tokens(kind: Kind) -> None:
    denoiser, texts = kind.backbone.denoiser(), kind.backbone.text_encoder().embed([TEXT])
    patch, count = kind.spec.patch, GRID[0] * GRID[1] * GRID[2]
    noisy = kind.noise(denoiser.channels, 1, (GRID[0], GRID[1] * patch, GRID[2] * patch))
    seen: dict[str, list[torch.Tensor]] = {}
    for name in ("query", "key", "value"):
        for layer in visual_projections(denoiser, name):
            layer.register_forward_hook(partial(_keep, seen.setdefault(name, [])))
    found = feature_maps(denoiser, noisy, 0.5, texts)
    for name, outputs in seen.items():
        visual = [o[-count:] if kind.spec.text_place == "before" else o[:count] for o in outputs]
        width = found[name].shape[-1]
        whole = torch.stack([v.reshape(*GRID, -1, width) for v in visual])
        torch.testing.assert_close(found[name], whole.mean(dim=(0, 1, 4)), rtol=1e-4, atol=1e-5)
        assert found[name].shape[:2] == GRID[1:]
    assert seen.keys() == found.keys()


def test_the_picture_shows_the_leading_components_in_its_colours() -> None:
    """Left against right along a strong direction, up against down along a weaker one."""
    rows, columns = torch.meshgrid(torch.linspace(-1, 1, 8), torch.linspace(-1, 1, 12), indexing="ij")
    directions = torch.linalg.qr(torch.randn(16, 2, generator=torch.Generator().manual_seed(0))).Q
    features = 5 * columns[..., None] * directions[:, 0] + rows[..., None] * directions[:, 1] + 100
    picture = as_picture(features).astype(int)
    red, green = picture[..., 0], picture[..., 1]
    assert (abs(red[:, -1] - red[:, 0]) == 255).all() and (np.ptp(red, axis=0) <= 1).all()
    assert (abs(green[-1] - green[0]) == 255).all() and (np.ptp(green, axis=1) <= 1).all()
    assert np.array_equal(as_picture(features), as_picture(features.clone()))


def test_features_that_are_all_the_same_give_one_colour() -> None:
    assert np.ptp(as_picture(torch.ones(4, 6, 8)).reshape(-1, 3), axis=0).tolist() == [0, 0, 0]
