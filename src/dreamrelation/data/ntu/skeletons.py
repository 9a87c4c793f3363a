"""The `.skeleton` text files of NTU RGB+D (Kinect v2).

Twenty thousand of them are read for one experiment, so joints, which are nearly all of a file, are converted at once;
only where something is odd are they looked at line by line, to name the line.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from dreamrelation.errors import UserError

JOINTS = 25
BODY_FIELDS = 10
"""bodyID, clipedEdges, hand confidences and states, isResticted, leanX, leanY, trackingState."""
JOINT_FIELDS = 12
"""x y z, depthX depthY, colorX colorY, orientation W X Y Z, trackingState."""

LONGEST_INTEGER = 20
"""Digits; a bodyID has 17. Python refuses to convert thousands of them, by an error of another kind."""

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
        self.joints: list[int] = []
        """For each body so far, the number of lines before those of its joints."""

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
        if not field.isdecimal() or len(field) > LONGEST_INTEGER:
            raise self.error(repr(field[:100]), what)
        return int(field)

    def pass_joints(self) -> None:
        """Go on behind the lines of a body's joints, which are converted later."""
        self.joints.append(self.number)
        self.number = min(self.number + JOINTS, len(self.lines))
        if self.number < self.joints[-1] + JOINTS:
            self.number += 1
            raise self.error("the end of the file", "a joint")

    def joint_values(self) -> np.ndarray:
        """All joints that were passed, (B, 25, 12); raises UserError naming the first line that is none."""
        values = self._converted_at_once()
        if values is None or not _are_joints(values):
            values = np.array(list(self._converted_by_line()))
        return values.reshape(-1, JOINTS, JOINT_FIELDS)

    def check_joints(self) -> None:
        """Raise UserError naming the first line that is no joint, of those that were passed and are there."""
        deque(self._converted_by_line(), maxlen=0)

    def _converted_at_once(self) -> np.ndarray | None:
        """(25·B, 12); None where a line does not look as usual."""
        block = "\n".join(["\n".join(self.lines[start : start + JOINTS]) for start in self.joints])
        if not block:
            return None
        try:
            table = csv.read_csv(pa.py_buffer(block.encode()), _READ, _PARSE, _CONVERT)
        except pa.ArrowInvalid:
            return None
        values = np.column_stack([column.to_numpy() for column in table.itercolumns()])
        return values if len(values) == len(self.joints) * JOINTS else None

    def _converted_by_line(self) -> Iterator[list[float]]:
        for start in self.joints:
            self.number = start
            while self.number < min(start + JOINTS, len(self.lines)):
                yield _joint(self)

    def error(self, found: str, expected: str) -> UserError:
        return UserError(f"{self.origin}, line {self.number}: found {found}, expected {expected}")


_COLUMNS = [str(field) for field in range(JOINT_FIELDS)]
_READ = csv.ReadOptions(column_names=_COLUMNS, use_threads=False)
_PARSE = csv.ParseOptions(delimiter=" ", quote_char=False, ignore_empty_lines=False)
_CONVERT = csv.ConvertOptions(column_types=dict.fromkeys(_COLUMNS, pa.float64()), null_values=[])


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
    try:
        frames = _frames_of_ids(lines)
    except UserError:
        lines.check_joints()  # where a joint's line is missing, that is said, and not what stands where it should end
        raise
    values = iter(lines.joint_values())
    return [[_body(body_id, next(values)) for body_id in ids] for ids in frames]


def _frames_of_ids(lines: _Lines) -> list[list[int]]:
    """The bodyIDs of every frame, in order."""
    frames = []
    for _ in range(lines.integer("the number of frames")):
        ids = [_body_id(lines) for _ in range(lines.integer("the number of bodies"))]
        if len(set(ids)) != len(ids):
            raise lines.error("one bodyID twice in a frame", "different ones")
        frames.append(ids)
    for number, line in enumerate(lines.lines[lines.number :], lines.number + 1):
        if line.strip():
            lines.number = number
            raise lines.error("more text", f"the end of the file after its {len(frames)} frames")
    return frames


def _body_id(lines: _Lines) -> int:
    header = lines.fields(BODY_FIELDS, "a body's header")
    body_id = lines.convert_integer(header[0], "a bodyID")
    joints = lines.integer("the number of joints")
    if joints != JOINTS:
        raise lines.error(f"{joints} joints", f"{JOINTS}")
    lines.pass_joints()
    return body_id


def _body(body_id: int, values: np.ndarray) -> Body:
    return Body(body_id, values[:, :3], values[:, 5:7], values[:, 11].astype(np.uint8))


def _are_joints(values: np.ndarray) -> bool:
    """Whether rows of numbers are joints, (N, 12)."""
    return bool(np.isfinite(values[:, :3]).all() and np.isin(values[:, 11], (0, 1, 2)).all())


def _joint(lines: _Lines) -> list[float]:
    """The numbers of a joint's line."""
    fields = lines.fields(JOINT_FIELDS, "a joint")
    try:
        values = [float(field) for field in fields]
    except ValueError:
        raise lines.error(repr(" ".join(fields)), "numbers") from None
    if not all(map(math.isfinite, values[:3])):
        raise lines.error(f"the position {fields[:3]}", "finite metres")
    if values[11] not in (0, 1, 2):
        raise lines.error(f"the tracking state {fields[11]}", "0, 1 or 2")
    return values
