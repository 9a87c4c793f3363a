"""Videos and pictures of the pages, copied or drawn into a folder; each video has a still to show until it plays."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import cv2
import numpy as np
import torch
from torchvision.utils import draw_segmentation_masks

from dreamrelation import video
from dreamrelation.errors import UserError
from dreamrelation.files import file_sha256
from dreamrelation.report.stills import middle_frame, write_still

SUBJECT_COLOURS = ((242, 140, 40), (45, 125, 225))
"""RGB of subject 1 and 2: orange and blue stay apart for colour-blind eyes; the page's legend has them too."""
TINT = 0.55


@dataclass(frozen=True)
class PageVideo:
    """A video on a page; addresses are relative to the report's folder and quoted."""

    address: str
    still: str
    width: int
    height: int


class MediaFolder:
    """The folder `media/` of the report."""

    def __init__(self, report: Path) -> None:
        self.report = report
        self.taken: set[Path] = set()

    def copy_video(self, source: Path, sha256: str, place: str) -> PageVideo:
        """Copy a video as it is to `media/{place}/`, so that what is seen is what was generated.

        Raises UserError where the file is not the one with this SHA-256.
        """
        target = self._target(place, source.name)
        shutil.copyfile(source, target)
        found = file_sha256(target)
        if found != sha256:
            raise UserError(f"{source}: found a file with the SHA-256 {found[:12]}…, expected {sha256[:12]}…")
        return self._shown(target, middle_frame(source))

    def write_video(self, frames: np.ndarray, frames_per_second: int, place: str, name: str) -> PageVideo:
        """Encode frames (F, H, W, 3) uint8 as `media/{place}/{name}.mp4`."""
        target = self._target(place, f"{name}.mp4")
        video.encode(target, frames, frames_per_second)
        return self._shown(target, frames[len(frames) // 2])

    def copy_picture(self, source: Path, place: str) -> str:
        """Copy a picture; gives its address."""
        target = self._target(place, source.name)
        shutil.copyfile(source, target)
        return self._address(target)

    def _shown(self, target: Path, frame: np.ndarray) -> PageVideo:
        still = target.with_suffix(".jpg")
        # One folder holds videos of many clips and formats: two of them must not share a still.
        if still in self.taken:
            raise ValueError(f"{still}: two videos ask for the same still")
        self.taken.add(still)
        write_still(still, frame)
        height, width = frame.shape[:2]
        return PageVideo(self._address(target), self._address(still), width, height)

    def _target(self, place: str, name: str) -> Path:
        target = self.report / "media" / place / name
        if target in self.taken:
            raise ValueError(f"{target}: two files of the report ask for the same name")
        self.taken.add(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _address(self, path: Path) -> str:
        return quote(path.relative_to(self.report).as_posix())


def tinted(frames: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Frames with both subjects in their colours and outlined.

    `frames` is (F, H, W, 3) uint8 and `masks` (F, 2, H, W) bool; gives (F, H, W, 3) uint8.
    """
    pictures = []
    for frame, pair in zip(frames, masks, strict=True):
        image = torch.from_numpy(frame).permute(2, 0, 1)
        coloured = draw_segmentation_masks(image, torch.from_numpy(pair), alpha=TINT, colors=list(SUBJECT_COLOURS))
        drawn = np.ascontiguousarray(coloured.permute(1, 2, 0).numpy())
        for mask, colour in zip(pair, SUBJECT_COLOURS, strict=True):
            outline, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(drawn, outline, -1, colour, 1)
        pictures.append(drawn)
    return np.stack(pictures)
