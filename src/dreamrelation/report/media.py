"""The films and pictures of the page, copied or drawn into its folder; each film has a still to show until it plays."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np
from pycocotools import mask as run_lengths

from dreamrelation import video
from dreamrelation.clips.reading import read_frames

SUBJECT_COLOURS = ((242, 140, 40), (45, 125, 225))
"""RGB of subject 1 and 2: orange and blue stay apart for colour-blind eyes; the page's legend has them too."""
TINT = 0.55


@dataclass(frozen=True)
class Film:
    """A film on the page; addresses are relative to the page and quoted."""

    address: str
    still: str
    width: int
    height: int


class MediaFolder:
    """The folder `media/` beside the page."""

    def __init__(self, page_folder: Path) -> None:
        self.page_folder = page_folder
        self.taken: set[Path] = set()

    def copy_film(self, source: Path, place: str) -> Film:
        """Copy a film as it is to `media/{place}/`, so that what is seen is what was generated."""
        frames = list(video.decode(source))
        if not frames:
            raise ValueError(f"{source}: found no frame, expected at least one")
        target = self._target(place, source.name)
        shutil.copyfile(source, target)
        return self._film(target, frames[len(frames) // 2])

    def write_film(self, frames: np.ndarray, frames_per_second: int, place: str, name: str) -> Film:
        """Encode frames (F, H, W, 3) uint8 as `media/{place}/{name}.mp4`."""
        target = self._target(place, f"{name}.mp4")
        video.encode(target, frames, frames_per_second)
        return self._film(target, frames[len(frames) // 2])

    def copy_picture(self, source: Path, place: str) -> str:
        """Copy a picture; gives its address."""
        target = self._target(place, source.name)
        shutil.copyfile(source, target)
        return self._address(target)

    def _film(self, target: Path, frame: np.ndarray) -> Film:
        still = target.with_suffix(".jpg")
        # One folder holds films of many clips and formats: two of them must not share a still.
        if still in self.taken:
            raise ValueError(f"{still}: two films ask for the same still")
        self.taken.add(still)
        done, data = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
        if not done:
            raise ValueError(f"{still}: OpenCV cannot encode a still of {frame.shape}")
        still.write_bytes(data.tobytes())
        height, width = frame.shape[:2]
        return Film(self._address(target), self._address(still), width, height)

    def _target(self, place: str, name: str) -> Path:
        target = self.page_folder / "media" / place / name
        if target in self.taken:
            raise ValueError(f"{target}: two files of the report ask for the same name")
        self.taken.add(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _address(self, path: Path) -> str:
        return quote(path.relative_to(self.page_folder).as_posix())


def tinted(frames: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Frames with both subjects in their colours and outlined.

    `frames` is (F, H, W, 3) uint8 and `masks` (F, 2, H, W) bool; gives (F, H, W, 3) uint8.
    """
    pictures = []
    for frame, pair in zip(frames, masks, strict=True):
        picture = frame.astype(np.float32)
        for mask, colour in zip(pair, SUBJECT_COLOURS, strict=True):
            picture[mask] += TINT * (np.array(colour, np.float32) - picture[mask])
        drawn = np.round(picture).astype(np.uint8)
        for mask, colour in zip(pair, SUBJECT_COLOURS, strict=True):
            outline, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(drawn, outline, -1, colour, 1)
        pictures.append(drawn)
    return np.stack(pictures)


def clip_masks(rows: list[dict[str, Any]], clip: str, pixel_frames: int) -> np.ndarray:
    """The masks of one clip from rows of `tables.MASKS`, (F, 2, H, W) bool.

    Raises ValueError where a frame or subject lacks its mask.
    """
    found = {(row["frame"], row["subject"]): row for row in rows if row["clip"] == clip}
    expected = {(frame, subject) for frame in range(pixel_frames) for subject in (1, 2)}
    if set(found) != expected:
        raise ValueError(
            f"clip {clip}: found {len(found)} masks, expected {len(expected)}, two for each of {pixel_frames} frames"
        )
    masks = [[_decoded(found[frame, subject]) for subject in (1, 2)] for frame in range(pixel_frames)]
    return np.array(masks)


def _decoded(row: dict[str, Any]) -> np.ndarray:
    return run_lengths.decode({"size": [row["height"], row["width"]], "counts": row["counts"]}).astype(bool)


def clip_films(
    media: MediaFolder,
    row: dict[str, Any],
    masks: np.ndarray,
    size: tuple[int, int],
    frames_per_second: int,
) -> tuple[Film, Film]:
    """An exemplar as the model sees it, `size` (height, width), and again at the masks' size with subjects tinted."""
    place = f"{row['relation']}/exemplars"
    plain = media.write_film(read_frames(row, *size), frames_per_second, place, row["clip"])
    height, width = masks.shape[2:]
    drawn = tinted(read_frames(row, height, width), masks)
    # H.264 halves the colour's resolution and so wants even sides.
    even = drawn[:, : height // 2 * 2, : width // 2 * 2]
    return plain, media.write_film(even, frames_per_second, place, f"{row['clip']}_masks")
