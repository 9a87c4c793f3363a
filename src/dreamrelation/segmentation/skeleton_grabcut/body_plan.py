"""A body drawn round its NTU joints: capsules along the bones and a disc for the head.

Lengths are in pixels unless they are called shares; shares are of the body's height along its bones.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from dreamrelation.segmentation.interface import UnusableClip
from dreamrelation.segmentation.skeleton_grabcut.settings import SkeletonGrabCutSettings

Thickness = Literal["head", "torso", "leg", "limb"]


@dataclass(frozen=True)
class Part:
    """A part of the body between two joints, counted from 1 as NTU RGB+D does."""

    name: str
    start: int
    end: int
    thickness: Thickness


PARTS = (
    Part("head", 4, 4, "head"),
    Part("neck", 3, 21, "limb"),
    Part("chest", 21, 2, "torso"),
    Part("belly", 2, 1, "torso"),
    *(Part(f"left_{n}", a, b, "limb") for n, a, b in (("upper_arm", 5, 6), ("forearm", 6, 7), ("hand", 7, 8))),
    *(Part(f"right_{n}", a, b, "limb") for n, a, b in (("upper_arm", 9, 10), ("forearm", 10, 11), ("hand", 11, 12))),
    Part("left_thigh", 13, 14, "leg"),
    Part("left_shin", 14, 15, "leg"),
    Part("left_foot", 15, 16, "limb"),
    Part("right_thigh", 17, 18, "leg"),
    Part("right_shin", 18, 19, "leg"),
    Part("right_foot", 19, 20, "limb"),
)
AXES = {"head": (3, 4), "chest": (2, 21), "belly": (1, 2)}
"""Joints that give the direction of a part whose own bone does not: the head is a disc, the trunk points up."""

TRUNK = ((4, 3), (3, 21), (21, 2), (2, 1))
LEGS = (((13, 14), (14, 15)), ((17, 18), (18, 19)))
HEIGHT_PERCENTILE = 80
"""Foreshortened limbs make a body look smaller, never taller; outliers make it taller."""


@dataclass(frozen=True)
class Outline:
    """One body's shape in a picture of (H, W) pixels."""

    distance: np.ndarray
    """(H, W) float32, pixels to the outline, negative inside."""
    depth: np.ndarray
    """(H, W) float32, distance to the bone over the part's radius: 0 on the bone, 1 on the outline."""
    part: np.ndarray
    """(H, W) uint8, index in PARTS of the part whose outline is nearest."""
    place: np.ndarray
    """(H, W, 2) float32, body heights along and across that part, from its first joint."""


def _length(joints: np.ndarray, bones: tuple[tuple[int, int], ...]) -> np.ndarray:
    return sum((np.linalg.norm(joints[:, a - 1] - joints[:, b - 1], axis=-1) for a, b in bones), np.zeros(len(joints)))


def body_height(joints: np.ndarray) -> float:
    """Height of a body along its bones, head to ankle, in pixels, from its joints (F, 25, 2).

    Raises UnusableClip where no frame has all the joints that it takes.
    """
    legs = [_length(joints, leg) for leg in LEGS]
    heights = _length(joints, TRUNK) + np.fmax(*legs)
    if not np.isfinite(heights).any():
        raise UnusableClip("found no frame with a head, a spine and a leg, expected at least one")
    return float(np.nanpercentile(heights, HEIGHT_PERCENTILE))


def radii(settings: SkeletonGrabCutSettings) -> dict[Thickness, float]:
    """Half thickness of each kind of part, as shares of the body's height."""
    return {
        "head": settings.head_radius_share,
        "torso": settings.torso_radius_share,
        "leg": settings.leg_radius_share,
        "limb": settings.limb_radius_share,
    }


def outline(
    joints: np.ndarray, height: float, radius_shares: dict[Thickness, float], shape: tuple[int, int]
) -> Outline:
    """The shape round joints (25, 2) of a body of `height` pixels, in a picture of `shape` (H, W).

    Bones with an unknown end are left out. Raises UnusableClip where fewer than half of the bones are known.
    """
    y, x = (grid.astype(np.float32) for grid in np.mgrid[: shape[0], : shape[1]])
    found = Outline(
        distance=np.full(shape, np.inf, np.float32),
        depth=np.full(shape, np.inf, np.float32),
        part=np.zeros(shape, np.uint8),
        place=np.zeros((*shape, 2), np.float32),
    )
    drawn = 0
    for index, part in enumerate(PARTS):
        start, end = joints[part.start - 1], joints[part.end - 1]
        axis = _direction(joints, part)
        if not np.isfinite([start, end]).all() or axis is None:
            continue
        drawn += 1
        _add_part(found, index, (x - start[0], y - start[1]), end - start, axis, height, radius_shares[part.thickness])
    if drawn < len(PARTS) // 2:
        raise UnusableClip(f"found {drawn} bones with known ends, expected at least {len(PARTS) // 2}")
    return found


def _direction(joints: np.ndarray, part: Part) -> np.ndarray | None:
    """Unit vector along a part, or None where its joints are unknown."""
    a, b = AXES.get(part.name, (part.start, part.end))
    along = joints[b - 1] - joints[a - 1]
    if not np.isfinite(along).all():
        return None
    return along / max(float(np.hypot(*along)), 1e-6)


def _add_part(
    found: Outline,
    index: int,
    offset: tuple[np.ndarray, np.ndarray],
    bone: np.ndarray,
    axis: np.ndarray,
    height: float,
    radius_share: float,
) -> None:
    """Draw one part into `found`; `offset` are every pixel's x and y from the bone's start."""
    dx, dy = offset
    along = np.clip((dx * bone[0] + dy * bone[1]) / max(float(bone @ bone), 1e-6), 0, 1)
    to_bone = np.hypot(dx - along * bone[0], dy - along * bone[1])
    distance = to_bone - radius_share * height
    nearer = distance < found.distance
    place = np.stack([dx * axis[0] + dy * axis[1], dy * axis[0] - dx * axis[1]], axis=-1) / height
    found.place[nearer] = place[nearer]
    found.part[nearer] = index
    np.minimum(found.distance, distance, out=found.distance)
    np.minimum(found.depth, to_bone / max(radius_share * height, 1e-6), out=found.depth)
