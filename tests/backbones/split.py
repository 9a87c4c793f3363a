"""One of several processes that make a video together; `test_wan.py` starts it with RANK and WORLD_SIZE.

Arguments: the folder of a tiny Wan, the file for the answer.
"""

import sys

import torch
from tests.tiny_models import opened

from dreamrelation.backbones.wan.settings import WanSettings

GRID = (2, 4, 8)


def answer(settings: WanSettings, **machine: object) -> torch.Tensor:
    """v̂ of two noisy latents."""
    backbone = opened(settings, **machine)
    denoiser, texts = backbone.denoiser(), backbone.text_encoder().embed(["a cat", "a dog and a bear"])
    noisy = torch.randn(2, denoiser.channels, *GRID, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return denoiser.velocity(noisy, torch.tensor([0.4, 0.8]), texts)


if __name__ == "__main__":
    # diffusers numbers processes by cards, and knows of none on a CPU, where the rest works as well
    torch.accelerator.device_count = lambda: 1
    wan = WanSettings(path=sys.argv[1], precision="float32")  # type: ignore[arg-type]
    torch.save(answer(wan, split_videos=True), sys.argv[2])
