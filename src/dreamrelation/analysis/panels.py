"""Pictures and videos side by side with their names above them, and heat laid over frames."""

from pathlib import Path

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dreamrelation.files import appearing

GAP = 4
HEADER = 20
FONT_SIZE = 14
LEAST_HEIGHT = 128
"""Smaller frames are enlarged by a whole factor to have this many rows."""
PAPER, INK = (255, 255, 255), (30, 30, 30)
HEAT = matplotlib.colormaps["inferno"]
OPACITY = 0.6


def side_by_side(rows: list[list[np.ndarray]], names: list[str]) -> np.ndarray:
    """(F, H, W, 3) uint8 of videos (F, h, w, 3), all of one size: rows of them, with a name above each column.

    Sides are even, as video formats want them.
    """
    frames, height, width = rows[0][0].shape[:3]
    factor = max(1, -(-LEAST_HEIGHT // height))
    height, width = factor * height, factor * width
    top = HEADER + GAP
    size = (top + len(rows) * (height + GAP), GAP + len(names) * (width + GAP))
    size = tuple(side + side % 2 for side in size)
    header = Image.new("RGB", size[::-1], PAPER)
    draw, font = ImageDraw.Draw(header), ImageFont.load_default(FONT_SIZE)
    for column, name in enumerate(names):
        draw.text((GAP + column * (width + GAP), 2), name, INK, font)
    sheet = np.repeat(np.asarray(header)[None], frames, axis=0)
    for row, videos in enumerate(rows):
        for column, video in enumerate(videos):
            y, x = top + row * (height + GAP), GAP + column * (width + GAP)
            sheet[:, y : y + height, x : x + width] = video.repeat(factor, axis=1).repeat(factor, axis=2)
    return sheet


def write_middle(path: Path, frames: np.ndarray) -> None:
    """Write the middle one of frames (F, H, W, 3) uint8 as PNG; appears atomically."""
    with appearing(path) as beside:
        Image.fromarray(frames[len(frames) // 2]).save(beside, format="PNG")


def with_heat(frames: np.ndarray, heat: np.ndarray, most: float) -> np.ndarray:
    """Frames (F, H, W, 3) uint8 under heat (F, h, w), which is drawn from 0 to `most`."""
    height, width = frames.shape[1:3]
    drawn = []
    for frame, values in zip(frames, heat, strict=True):
        spread = cv2.resize(values.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
        colours = 255 * HEAT(np.clip(spread / most, 0, 1))[..., :3]
        drawn.append((OPACITY * colours + (1 - OPACITY) * frame).round().astype(np.uint8))
    return np.stack(drawn)
