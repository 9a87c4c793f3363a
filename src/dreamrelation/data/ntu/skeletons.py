"""The `.skeleton` text files of NTU RGB+D (Kinect v2)."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dreamrelation.errors import UserError

JOINTS = 25
BODY_FIELDS = 10
"""bodyID, clipedEdges, hand confidences and states, isResticted, leanX, leanY, trackingState."""
JOINT_FIELDS = 12
"""x y z, depthX depthY, colorX colorY, orientation W X Y Z, trackingState."""

HANDS = (6, 7, 10, 11)
"""Wrists and hands (tips and thumbs jitter); joints are counted from 0 here, from 1 in the publishers' papers."""
FEET = (14, 15, 18, 19)
"""Ankles and feet."""
HEAD = (3,)


@dataclass(frozen=True)
class Body:
    """One body in one frame."""

    body_id: int
    """Exceeds 2^53, so never a float."""
    positions: np.ndarray
    """(25, 3) metres, x to the right of the picture, y up, z away from the sensor."""
    colour: np.ndarray
    """(25, 2) pixels x, y of the colour picture; may lie outside it or be NaN."""
    tracking: np.ndarray
    """(25,) uint8: 0 not tracked, 1 inferred, 2 tracked."""


class _Lines:
    """Reads line after line and says where it is when something is wrong."""

    def __init__(self, text: str, origin: str) -> None:
        self.lines = text.splitlines()
        self.origin = origin
        self.number = 0

    def fields(self, count: int, what: str) -> list[str]:
        """The next line's fields, of which there must be `count`."""
        self.number += 1
        if self.number > len(self.lines):
            raise self.error("the end of the file", what)
        fields = self.lines[self.number - 1].split()
        if len(fields) != count:
            raise self.error(f"{len(fields)} fields", f"{what} ({count} fields)")
        return fields

    def integer(self, what: str) -> int:
        (field,) = self.fields(1, what)
        return self.convert_integer(field, what)

    def convert_integer(self, field: str, what: str) -> int:
        if not field.isdecimal():
            raise self.error(repr(field), what)
        return int(field)

    def error(self, found: str, expected: str) -> UserError:
        return UserError(f"{self.origin}, line {self.number}: found {found}, expected {expected}")


def read_skeleton(path: Path) -> list[list[Body]]:
    """The bodies of every frame of a `.skeleton` file; a frame without bodies is an empty list, so frames keep their
    numbers.

    Raises UserError where there is no such file, or naming file and line where the text is cut off or garbled.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such skeleton file")
    try:
        text = path.read_text(encoding="ascii")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: found the byte {error.object[error.start]:#04x}, expected ASCII text") from None
    return parse_skeleton(text, str(path))


def parse_skeleton(text: str, origin: str) -> list[list[Body]]:
    """As `read_skeleton`, from the text; `origin` names it in errors."""
    lines = _Lines(text, origin)
    frames = []
    for _ in range(lines.integer("the number of frames")):
        bodies = [_body(lines) for _ in range(lines.integer("the number of bodies"))]
        if len({body.body_id for body in bodies}) != len(bodies):
            raise lines.error("one bodyID twice in a frame", "different ones")
        frames.append(bodies)
    for number, line in enumerate(lines.lines[lines.number :], lines.number + 1):
        if line.strip():
            lines.number = number
            raise lines.error("more text", f"the end of the file after its {len(frames)} frames")
    return frames


def _body(lines: _Lines) -> Body:
    header = lines.fields(BODY_FIELDS, "a body's header")
    body_id = lines.convert_integer(header[0], "a bodyID")
    joints = lines.integer("the number of joints")
    if joints != JOINTS:
        raise lines.error(f"{joints} joints", f"{JOINTS}")
    values = np.array([_joint(lines) for _ in range(JOINTS)])
    return Body(body_id, values[:, :3], values[:, 3:5], values[:, 5].astype(np.uint8))


def _joint(lines: _Lines) -> list[float]:
    """x, y, z, colour x, colour y, tracking state."""
    fields = lines.fields(JOINT_FIELDS, "a joint")
    try:
        values = [float(field) for field in fields]
    except ValueError:
        raise lines.error(repr(" ".join(fields)), "numbers") from None
    if not all(map(math.isfinite, values[:3])):
        raise lines.error(f"the position {fields[:3]}", "finite metres")
    if values[11] not in (0, 1, 2):
        raise lines.error(f"the tracking state {fields[11]}", "0, 1 or 2")
    return [*values[:3], values[5], values[6], values[11]]
