"""What later stages read of a selected clip. A `row` is one of `tables.SELECTION`, as a dict."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dreamrelation.clips.skeletons import read_skeleton
from dreamrelation.clips.tracks import two_people
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


def read_frames(row: Mapping[str, Any], height: int, width: int) -> np.ndarray:
    """The window's frames at the size that the model sees, (F, height, width, 3) uint8 RGB. Raises as `read_window`."""
    crop = (row["crop_left"], row["crop_top"], row["crop_width"], row["crop_height"])
    return read_window(Path(row["video"]), row["start_frame"], row["pixel_frames"], crop, height, width)


def read_joints(row: Mapping[str, Any], height: int, width: int) -> JointWindow:
    """The window's joints at the size that the model sees.

    Raises FileNotFoundError, or ValueError where the skeleton file is not the one that was selected.
    """
    tracks = two_people(read_skeleton(Path(row["skeleton"])))
    window = slice(row["start_frame"], row["start_frame"] + row["pixel_frames"])
    usable = int(tracks.usable[window].sum())
    if usable != row["pixel_frames"]:
        raise ValueError(
            f"{row['skeleton']}: found two bodies in {usable} frames of the window, expected {row['pixel_frames']};"
            " the file is not the one that was selected"
        )
    order = [row["subject1_track"], 1 - row["subject1_track"]]
    scale = np.array([width / row["crop_width"], height / row["crop_height"]])
    corner = np.array([row["crop_left"], row["crop_top"]])
    # Pixels are centred on whole numbers, as in cv2.resize, hence the halves.
    joints = (tracks.pixels[window][:, order] + 0.5 - corner) * scale - 0.5
    first = tracks.first_bodies
    return JointWindow(joints, tracks.tracked[window][:, order], (first[order[0]], first[order[1]]))
