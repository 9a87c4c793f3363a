"""What later stages read of a selected clip."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dreamrelation.data.ntu.skeletons import read_skeleton
from dreamrelation.data.ntu.tracks import two_people
from dreamrelation.errors import UserError
from dreamrelation.tables.rows import SelectedClip
from dreamrelation.video import read_window


@dataclass(frozen=True)
class JointWindow:
    """The joints of a window; subject 1 comes first."""

    joints: np.ndarray
    """(F, 2, 25, 2) pixels x, y of the cropped and resized frames; NaN where the sensor gave no place."""
    tracked: np.ndarray
    """(F, 2, 25) bool: tracked or inferred by the sensor. Only such joints are sure to lie inside the frames."""
    bodies: tuple[int, int]
    """Which of the skeleton file's bodies subjects 1 and 2 start as, counted from 0 as they appear."""


def read_frames(clip: SelectedClip, height: int, width: int) -> np.ndarray:
    """The window's frames at the size that the model sees, (F, height, width, 3) uint8 RGB. Raises as `read_window`."""
    crop = (clip.crop_left, clip.crop_top, clip.crop_width, clip.crop_height)
    return read_window(Path(clip.video), clip.frames, crop, height, width)


def read_joints(clip: SelectedClip, height: int, width: int) -> JointWindow:
    """The window's joints at the size that the model sees.

    Raises UserError where the clip has no skeleton file, or the file is not the one that was selected.
    """
    if clip.skeleton is None:
        raise UserError(f"{clip.clip}: found no skeleton file in the selection, expected one to read joints from")
    tracks = two_people(read_skeleton(Path(clip.skeleton)))
    window = [frame for frame in clip.frames if frame < tracks.frames]
    usable = int(tracks.usable[window].sum())
    if usable != clip.pixel_frames:
        raise UserError(
            f"{clip.skeleton}: found two bodies in {usable} frames of the window, expected {clip.pixel_frames};"
            " the file is not the one that was selected"
        )
    order = [clip.subject1_track, 1 - clip.subject1_track]
    scale = np.array([width / clip.crop_width, height / clip.crop_height])
    corner = np.array([clip.crop_left, clip.crop_top])
    # Pixels are centred on whole numbers, as in cv2.resize, hence the halves.
    joints = (tracks.pixels[window][:, order] + 0.5 - corner) * scale - 0.5
    first = tracks.first_bodies
    return JointWindow(joints, tracks.tracked[window][:, order], (first[order[0]], first[order[1]]))
