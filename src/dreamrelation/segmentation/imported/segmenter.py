"""Ready masks, read from PNG frames.

Frames go by the numbers in their names, of which none may be missing; masks are cut and resized as the video's frames
are. Nothing is guessed: another count, another size or a third colour refuses the clip.
"""

import re
from pathlib import Path

import numpy as np
from PIL import Image

from dreamrelation.errors import UserError
from dreamrelation.roles import SUBJECTS
from dreamrelation.segmentation.imported.settings import ImportedSettings
from dreamrelation.segmentation.interface import ClipView, SegmentedClip, UnusableClip
from dreamrelation.segmentation.truth import resize_by_area
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.tables.rows import SelectedClip

SUBFOLDERS = ("subject1", "subject2")
LAST_NUMBER = re.compile(r"(\d+)\D*$")
BACKGROUND = (0, 0, 0)


class ImportedMasks:
    """Implements `Segmenter`."""

    def __init__(self, settings: ImportedSettings, machine: MachineSettings) -> None:
        """Raises UserError where there is no such folder."""
        self.folder, self.colours = Path(settings.folder), settings.colours
        if not self.folder.is_dir():
            raise UserError(f"masks.segmenter.folder: found no folder {self.folder}, expected one with ready masks")

    def segment(self, view: ClipView) -> SegmentedClip:
        """Raises UnusableClip where the clip has no folder, or its frames are not those of its video."""
        clip = view.source
        if clip is None:
            raise ValueError(f"{view.name}: found a clip of unknown source, expected one that was selected")
        folder = self._folder_of(clip)
        size = (view.frames.shape[1], view.frames.shape[2])
        if all((folder / name).is_dir() for name in SUBFOLDERS):
            whole = np.stack([_own_masks(folder / name, clip) for name in SUBFOLDERS], axis=1)
            ordered = True
        else:
            whole, ordered = self._coloured(folder, clip), self.colours is not None
        masks = np.array([[_shown(mask, clip, size) for mask in frame] for frame in whole])
        masks[:, 1] &= ~masks[:, 0]  # a pixel that both claim: that which is both is none the less in the union
        return SegmentedClip(masks, {}, order="known" if ordered else "kept")

    def _folder_of(self, clip: SelectedClip) -> Path:
        names = (clip.clip, Path(clip.video).stem)
        for name in names:
            if (self.folder / name).is_dir():
                return self.folder / name
        raise UnusableClip(f"found no folder {names[0]!r} or {names[1]!r} of ready masks, expected one of them")

    def _coloured(self, folder: Path, clip: SelectedClip) -> np.ndarray:
        """(F, 2, H, W) from the frames of a window in which each subject has a colour."""
        frames = np.stack([_picture(path, clip) for path in _window(folder, clip)])
        colours = self.colours or _two_colours(frames, folder)
        return np.stack([(frames == np.array(colour, np.uint8)).all(axis=-1) for colour in colours], axis=1)


def _two_colours(frames: np.ndarray, folder: Path) -> list[tuple[int, ...]]:
    """The two colours beside black in frames (F, H, W, 3). Raises UnusableClip where there are others."""
    found = np.unique(frames.reshape(-1, 3), axis=0)
    colours = [tuple(map(int, colour)) for colour in found if tuple(colour) != BACKGROUND]
    if len(colours) != SUBJECTS:
        some = ", ".join(map(str, colours[:5])) or "none"
        raise UnusableClip(
            f"{folder}: found {len(colours)} colours beside black ({some}), expected {SUBJECTS}; name the subjects'"
            " with masks.segmenter.colours"
        )
    return colours


def _own_masks(folder: Path, clip: SelectedClip) -> np.ndarray:
    """(F, H, W) bool from frames in which one subject is white. Raises UnusableClip for frames of more values."""
    frames = np.stack([_picture(path, clip) for path in _window(folder, clip)])
    values = np.unique(frames)
    if len(values) > SUBJECTS or values[0] != 0:
        raise UnusableClip(f"{folder}: found the values {values[:5].tolist()}, expected 0 and 255")
    return frames.max(axis=-1) > 0


def _window(folder: Path, clip: SelectedClip) -> list[Path]:
    """The frames that the clip's window shows. Raises UnusableClip where they are not those of the whole video."""
    numbered: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() != ".png" or path.name.startswith("."):
            continue
        match = LAST_NUMBER.search(path.stem)
        if match is None:
            raise UnusableClip(f"{path}: found no number in the name, expected that of the frame")
        number = int(match.group(1))
        if number in numbered:
            raise UnusableClip(f"{path}: found frame {number} twice, beside {numbered[number].name}, expected it once")
        numbered[number] = path
    numbers = sorted(numbered)
    if len(numbers) != clip.source_frames:
        raise UnusableClip(
            f"{folder}: found {len(numbers)} frames of masks, expected {clip.source_frames}, the video's"
        )
    if numbers[0] not in (0, 1) or numbers[-1] - numbers[0] != len(numbers) - 1:
        raise UnusableClip(f"{folder}: found frames {numbers[0]} to {numbers[-1]} with gaps, expected each from 0 or 1")
    return [numbered[numbers[0] + frame] for frame in clip.frames]


def _picture(path: Path, clip: SelectedClip) -> np.ndarray:
    """A frame of masks, (H, W, 3) uint8. Raises UnusableClip where it is no picture or of another size."""
    try:
        with Image.open(path) as image:
            # Before it is decoded: a file of a few kilobytes may claim to be a picture of gigabytes.
            _check_size(path, image.size, clip)
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnusableClip(f"{path}: cannot be read as a picture: {error}") from None


def _check_size(path: Path, size: tuple[int, int], clip: SelectedClip) -> None:
    """Raise UnusableClip unless a picture's (width, height) is the video's."""
    width, height = size
    expected = (clip.source_height, clip.source_width)
    if (height, width) != expected:
        found = f"{height} × {width}"
        raise UnusableClip(f"{path}: found {found} pixels, expected {expected[0]} × {expected[1]}, the video's")


def _shown(mask: np.ndarray, clip: SelectedClip, size: tuple[int, int]) -> np.ndarray:
    """A mask of the video's picture, cut and resized as its frames are."""
    rows = slice(clip.crop_top, clip.crop_top + clip.crop_height)
    columns = slice(clip.crop_left, clip.crop_left + clip.crop_width)
    return resize_by_area(np.ascontiguousarray(mask[rows, columns]), *size)
