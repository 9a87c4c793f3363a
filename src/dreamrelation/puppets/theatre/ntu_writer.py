"""Writing a rendered scene as NTU RGB+D does: a `.skeleton` text and an AVI.

The colour pixels are those of the AVI. The rest is what a Kinect v2 would say of figures 1.7 m tall that stand in
one plane: metres, pixels of the depth picture, orientations of the bones in that plane.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dreamrelation.files import appearing
from dreamrelation.puppets.theatre.poses import NTU_JOINTS
from dreamrelation.video import encode

BODY_HEIGHT_M = 1.7
FRAMES_PER_SECOND = 10
COLOUR_FOCAL_SHARE = 1.0
"""Focal length of the colour camera over the picture's height; 1081 pixels of 1080 in a Kinect v2."""
DEPTH_FOCAL = 366.0
DEPTH_CENTRE = (256.0, 212.0)
"""Focal length and middle of the Kinect's 512 × 424 depth camera, in pixels."""
LIMB_OFFSET_M = 0.12
"""How far limbs are in front of or behind the spine."""
PARENTS = (0, 0, 20, 2, 20, 4, 5, 6, 20, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18, 1, 7, 7, 11, 11)
"""For each joint the one that its bone comes from."""
LEFT, RIGHT = (4, 5, 6, 7, 12, 13, 14, 15, 21, 22), (8, 9, 10, 11, 16, 17, 18, 19, 23, 24)
CODEC = {"codec": "mpeg4", "options": {"qmin": "2", "qmax": "2"}}
"""A constant quantiser of 2: as good as this codec gets."""


@dataclass(frozen=True)
class SensedBody:
    """One body in one frame, as the sensor sees it."""

    body_id: int
    pixels: np.ndarray
    """(25, 2) x, y in the video."""
    seen: np.ndarray
    """(25,) bool: joints that nothing hides; the others are inferred."""
    facing: float
    """+1 looks to the right, −1 to the left, 0 at the camera."""


@dataclass(frozen=True)
class Lens:
    """How pixels become metres."""

    picture: tuple[int, int]
    """Width and height in pixels."""
    body: float
    """Height of a figure in pixels."""

    def metres(self, body: SensedBody) -> np.ndarray:
        """(25, 3): x to the right, y up, z away from the camera."""
        metres_per_pixel = BODY_HEIGHT_M / self.body
        width, height = self.picture
        flat = (body.pixels - [width / 2, height / 2]) * [metres_per_pixel, -metres_per_pixel]
        depth = np.full(NTU_JOINTS, COLOUR_FOCAL_SHARE * height * metres_per_pixel)
        depth[list(LEFT)] += body.facing * LIMB_OFFSET_M  # who looks to the right shows the right side
        depth[list(RIGHT)] -= body.facing * LIMB_OFFSET_M
        return np.column_stack([flat, depth])


def depth_pixels(metres: np.ndarray) -> np.ndarray:
    """(25, 3) metres → (25, 2) pixels of the depth picture."""
    return np.asarray(DEPTH_CENTRE) + DEPTH_FOCAL * metres[:, :2] * [1.0, -1.0] / metres[:, 2:]


def orientations(metres: np.ndarray) -> np.ndarray:
    """(25, 4) quaternions w, x, y, z that turn the upward direction into each bone's, in the picture's plane."""
    bones = metres[:, :2] - metres[list(PARENTS), :2]
    half = 0.5 * np.arctan2(-bones[:, 0], bones[:, 1])
    zero = np.zeros(NTU_JOINTS)
    return np.column_stack([np.cos(half), zero, zero, np.sin(half)])


def skeleton_text(frames: Sequence[Sequence[SensedBody]], lens: Lens) -> str:
    """The `.skeleton` text of a clip; the bodies of a frame are written in the order given."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for body in bodies:
            lines += _body_lines(body, lens)
    return "\n".join(lines) + "\n"


def _body_lines(body: SensedBody, lens: Lens) -> list[str]:
    metres = lens.metres(body)
    lean = metres[20, :2] - metres[0, :2]
    # bodyID, clipedEdges, left and right hand (confidence, state), isResticted, leanX, leanY, trackingState
    header = [body.body_id, 0, 1, 1, 1, 1, 0, *(f"{value:.7g}" for value in lean), 2]
    values = np.column_stack([metres, depth_pixels(metres), body.pixels, orientations(metres)])
    rows = [
        " ".join([*(f"{value:.7g}" for value in row), "2" if seen else "1"])
        for row, seen in zip(values, body.seen, strict=True)
    ]
    return [" ".join(map(str, header)), str(NTU_JOINTS), *rows]


def write_skeleton(path: Path, frames: Sequence[Sequence[SensedBody]], lens: Lens) -> None:
    """Write a `.skeleton` file; appears atomically."""
    with appearing(path) as beside:
        beside.write_text(skeleton_text(frames, lens), encoding="ascii")


def write_avi(path: Path, frames: np.ndarray) -> None:
    """Write frames (F, H, W, 3) uint8 RGB as an AVI with MPEG-4; appears atomically."""
    encode(path, frames, FRAMES_PER_SECOND, codec=CODEC["codec"], options=CODEC["options"])
