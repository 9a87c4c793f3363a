"""What every segmenter takes and gives, and the one place that knows their names."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dreamrelation.settings.masks import MaskSettings

SUBJECTS = 2


@dataclass(frozen=True)
class ClipView:
    """One clip at the size at which it is segmented."""

    name: str
    frames: np.ndarray
    """(F, H, W, 3) uint8 RGB."""
    joints: np.ndarray
    """(F, 2, 25, 2) pixel x, y of NTU's joints in these frames, subject 1 first; not a number where unknown."""
    tracked: np.ndarray
    """(F, 2, 25) bool, joints that the sensor tracked."""

    def __post_init__(self) -> None:
        frames = self.frames.shape[0]
        expected = {
            "frames": (frames, *self.frames.shape[1:3], 3),
            "joints": (frames, SUBJECTS, 25, 2),
            "tracked": (frames, SUBJECTS, 25),
        }
        for field, shape in expected.items():
            found = getattr(self, field).shape
            if found != shape:
                raise ValueError(f"{self.name}: found {field} of shape {found}, expected {shape}")
        if self.frames.dtype != np.uint8:
            raise ValueError(f"{self.name}: found frames of {self.frames.dtype}, expected uint8")

    @property
    def known(self) -> np.ndarray:
        """(F, 2, 25) bool, joints that are tracked and have a place."""
        return self.tracked & np.isfinite(self.joints).all(axis=-1)


@dataclass(frozen=True)
class SegmentedClip:
    """What a segmenter found."""

    masks: np.ndarray
    """(F, 2, H, W) bool; no pixel belongs to both subjects."""
    scores: dict[str, np.ndarray]
    """Whatever the segmenter knows of its own quality, name → (F, 2)."""


class UnusableClip(ValueError):
    """A clip that cannot be given masks; the message names the clip, what was found and what was expected."""


class Segmenter(Protocol):
    """Finds both subjects in every frame."""

    def segment(self, view: ClipView) -> SegmentedClip:
        """Raises UnusableClip where the clip gives too little to go by."""
        ...


def make_segmenter(settings: MaskSettings, device: str) -> Segmenter:
    """The segmenter that the settings name, on a torch device such as "cpu" or "cuda".

    Imports are made here because Grounding DINO and SAM are heavy and not needed for the other.
    """
    if settings.segmenter == "grounded_sam":
        from dreamrelation.masks.grounded_sam import GroundedSam

        return GroundedSam.load(settings.grounded_sam, device)
    from dreamrelation.masks.skeleton_grabcut import SkeletonGrabCut

    return SkeletonGrabCut(settings.skeleton_grabcut)
