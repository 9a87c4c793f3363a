"""A picture of a relation's clips with their masks, for people to look at."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torchvision.utils import draw_segmentation_masks

from dreamrelation.files import appearing

FRAMES_PER_CLIP = 6
FRAME_HEIGHT = 128
GAP = 4
TEXT_HEIGHT = 20
FONT_SIZE = 14
COLOURS = ((230, 40, 60), (20, 110, 245))
"""RGB of subject 1 and subject 2: apart for the colour-blind as well."""
PAPER, INK, REFUSED = (255, 255, 255), (30, 30, 30), (190, 20, 20)
TINT = 0.4


@dataclass(frozen=True)
class Strip:
    """One clip's row."""

    clip: str
    frames: np.ndarray
    """(N, h, w, 3) uint8 RGB, already chosen and resized."""
    masks: np.ndarray | None
    """(N, 2, h, w) bool, or None where the clip has none."""
    note: str
    refused: bool = False


def strip(clip: str, frames: np.ndarray, masks: np.ndarray | None, note: str, refused: bool = False) -> Strip:
    """A row of FRAMES_PER_CLIP frames, evenly spread over frames (F, H, W, 3) and masks (F, 2, H, W)."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, FRAMES_PER_CLIP).round().astype(int))
    size = (round(frames.shape[2] * FRAME_HEIGHT / frames.shape[1]), FRAME_HEIGHT)
    method = cv2.INTER_AREA if frames.shape[1] > FRAME_HEIGHT else cv2.INTER_CUBIC
    pictures = np.stack([cv2.resize(frames[frame], size, interpolation=method) for frame in chosen])
    if masks is None:
        return Strip(clip, pictures, None, note, refused)
    resized = [[cv2.resize(m.astype(np.float32), size) > 0.5 for m in masks[frame]] for frame in chosen]
    return Strip(clip, pictures, np.array(resized), note, refused)


def tinted(frame: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """A frame (h, w, 3) uint8 with masks (2, h, w) bool tinted and outlined."""
    picture = torch.from_numpy(frame).permute(2, 0, 1)
    drawn = draw_segmentation_masks(picture, torch.from_numpy(masks), TINT, list(COLOURS))
    outlined = np.ascontiguousarray(drawn.permute(1, 2, 0).numpy())
    for mask, colour in zip(masks, COLOURS, strict=True):
        contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(outlined, contours, -1, colour, 1)
    return outlined


def write_contact_sheet(path: Path, title: str, strips: list[Strip]) -> None:
    """Write a PNG with a legend and one row per clip; appears atomically."""
    width = max([600, *(s.frames.shape[0] * (s.frames.shape[2] + GAP) + GAP for s in strips)])
    row_height = TEXT_HEIGHT + FRAME_HEIGHT + GAP
    sheet = Image.new("RGB", (width, 2 * TEXT_HEIGHT + GAP + row_height * len(strips)), PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(FONT_SIZE)
    draw.text((GAP, GAP), title, INK, font)
    x = float(GAP)
    for colour, name in zip(COLOURS, ("subject 1", "subject 2"), strict=True):
        draw.rectangle((x, TEXT_HEIGHT + GAP, x + 14, TEXT_HEIGHT + GAP + 14), fill=colour)
        draw.text((x + 20, TEXT_HEIGHT + GAP - 1), name, INK, font)
        x += 40 + draw.textlength(name, font)
    for number, row in enumerate(strips):
        top = 2 * TEXT_HEIGHT + GAP + number * row_height
        draw.text((GAP, top + 2), f"{row.clip}   {row.note}", REFUSED if row.refused else INK, font)
        for at, frame in enumerate(row.frames):
            picture = frame if row.masks is None else tinted(frame, row.masks[at])
            sheet.paste(Image.fromarray(picture), (GAP + at * (frame.shape[1] + GAP), top + TEXT_HEIGHT))
    with appearing(path) as beside:
        sheet.save(beside, format="PNG")
