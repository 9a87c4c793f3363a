"""Frames as they are stored, and video as networks see it."""

import numpy as np
import torch
from torch import Tensor


def as_video(frames: np.ndarray | Tensor) -> Tensor:
    """(..., F, H, W, 3) uint8 → (..., 3, F, H, W) float32 in [-1, 1]."""
    return torch.as_tensor(frames).movedim(-1, -4).float() / 127.5 - 1


def as_frames(video: Tensor) -> np.ndarray:
    """(..., 3, F, H, W) in [-1, 1], cut to it → (..., F, H, W, 3) uint8."""
    return ((video + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).movedim(-4, -1).numpy()
