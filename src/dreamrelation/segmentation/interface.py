"""What every segmenter and detector takes and gives."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from dreamrelation.errors import UserError
from dreamrelation.roles import SUBJECTS
from dreamrelation.tables.rows import SelectedClip

Subject1 = Literal["left", "right", "moves"]


@dataclass(frozen=True)
class JointView:
    """NTU's joints in the frames of a clip; subject 1 comes first."""

    places: np.ndarray
    """(F, 2, 25, 2) pixel x, y; not a number where unknown."""
    tracked: np.ndarray
    """(F, 2, 25) bool, joints that the sensor tracked."""

    @property
    def known(self) -> np.ndarray:
        """(F, 2, 25) bool, joints that are tracked and have a place."""
        return self.tracked & np.isfinite(self.places).all(axis=-1)


@dataclass(frozen=True)
class ClipView:
    """One clip at the size at which it is segmented."""

    name: str
    frames: np.ndarray
    """(F, H, W, 3) uint8 RGB."""
    joints: JointView | None
    """None: the data have no skeletons."""
    subject1: Subject1 = "left"
    """Without skeletons, how masks tell subject 1: it is on the left or the right of the first frame, or moves more."""
    source: SelectedClip | None = None
    """Which frames and which part of which video these are."""

    def __post_init__(self) -> None:
        frames = self.frames.shape[0]
        expected = {"frames": (self.frames.shape, (frames, *self.frames.shape[1:3], 3))}
        if self.joints is not None:
            expected["joints"] = (self.joints.places.shape, (frames, SUBJECTS, 25, 2))
            expected["tracked"] = (self.joints.tracked.shape, (frames, SUBJECTS, 25))
        for field, (found, shape) in expected.items():
            if found != shape:
                raise ValueError(f"{self.name}: found {field} of shape {found}, expected {shape}")
        if self.frames.dtype != np.uint8:
            raise ValueError(f"{self.name}: found frames of {self.frames.dtype}, expected uint8")

    def needed_joints(self) -> JointView:
        """The joints. Raises UserError for a clip without, for segmenters that cannot do without."""
        if self.joints is None:
            raise UserError(f"{self.name}: found no skeleton, which this segmenter needs; choose another one")
        return self.joints


@dataclass(frozen=True)
class SegmentedClip:
    """What a segmenter found."""

    masks: np.ndarray
    """(F, 2, H, W) bool; no pixel belongs to both subjects."""
    scores: dict[str, np.ndarray]
    """Whatever the segmenter knows of its own quality, name → (F, 2)."""
    order: Literal["free", "kept", "known"] = "free"
    """Which comes first: either in every frame; the same one in all frames; or subject 1, that is sure."""


class UnusableClip(Exception):
    """A clip that cannot be given masks; the message says what was found and what was expected."""


class Segmenter(Protocol):
    """Finds both subjects in every frame.

    A class is built from its kind's settings and `MachineSettings`; it raises UserError where a file that the settings
    name is missing or does not fit.
    """

    def segment(self, view: ClipView) -> SegmentedClip:
        """Raises UnusableClip where the clip gives too little to go by."""
        ...


@dataclass(frozen=True)
class Boxes:
    """What a detector found in one frame."""

    corners: np.ndarray
    """(N, 4) x0, y0, x1, y1 in the frame's pixels."""
    scores: np.ndarray
    """(N,) in [0, 1]."""


class Detector(Protocol):
    """Finds boxes round what may be a subject; segmenters that need boxes share detectors. Built as a segmenter is."""

    def detect(self, frames: np.ndarray) -> list[Boxes]:
        """Per frame of (B, H, W, 3) uint8 RGB."""
        ...
