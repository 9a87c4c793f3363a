"""Movements that nobody rehearsed: hands, feet and bodies go where chance has them.

A video model has seen animals in countless poses that no caption names. One that knows ten motions and nothing else
learns from exemplars how a person kicks, and not how a fox would.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dreamrelation.puppets.theatre.motions import Manner, Motion, between, mix, move, pair
from dreamrelation.puppets.theatre.poses import TORSO, Pose

HALF_GAP = (0.15, 0.5)
"""Half the distance of the two figures, in body heights."""
FACING_AWAY = 0.1
"""Share of the improvisations in which the two look away from each other."""
ACTIVE = 0.75
"""How likely a figure does something with its hands and feet; at least one of the two does."""
BEGIN_S, END_S = (-1.3, -0.2), 1.2
"""A part starts to move at some time in the first, and sets out for no other place after the second."""
PAUSE_S, RISE_S = (0.35, 1.1), (0.2, 0.45)
"""Seconds from one start to the next, and seconds that a way takes."""
ARM_LENGTHS, ARM_ANGLES = (0.1, 0.37), (-1.6, 1.9)
"""How far a hand is from its shoulder, in body heights, and radians from the front upwards."""
FOOT_X, FOOT_Y = (-0.25, 0.38), (-0.4, 0.06)
"""Where a lifted foot is, in front of the hip and above it, in body heights."""


@dataclass(frozen=True)
class Way:
    """Where a part is at any time: smoothly from one place to the next."""

    rest: np.ndarray
    """(n,), where it begins."""
    stations: tuple[tuple[float, np.ndarray], ...]
    """Seconds at which it sets out, and (n,) for where."""
    rise: float
    """Seconds that each way takes."""

    def at(self, time: float) -> np.ndarray:
        place = self.rest
        for start, target in self.stations:
            place = mix(place, target, between(time, start, start + self.rise))
        return place


@dataclass(frozen=True)
class Role:
    """What one figure does. Places of limbs are relative to the hip."""

    lean: Way
    walk: Way
    crouch: Way
    limbs: dict[str, Way]
    """By their names in Pose."""
    bend: float

    def act(self, pose: Pose, time: float) -> None:
        """Bring a standing figure into the pose of this time."""
        for name, way in self.limbs.items():
            setattr(pose, name, pose.hip + way.at(time))
        pose.near_bend, pose.lean = self.bend, float(self.lean.at(time)[0])
        pose.hip = pose.hip + np.array([0.0, float(self.crouch.at(time)[0])])
        move(pose, float(self.walk.at(time)[0]))


def improvisation(rng: np.random.Generator) -> Motion:
    """A motion of two figures that differs with every generator, and is the same for one in the same state."""
    half_gap, facing_away = rng.uniform(*HALF_GAP), rng.uniform() < FACING_AWAY
    active = rng.uniform(size=2) < ACTIVE
    active[int(rng.integers(2))] |= not active.any()
    standing = pair(half_gap, facing_away)
    roles = [_role(pose, bool(acts), rng) for pose, acts in zip(standing, active, strict=True)]

    def improvised(time: float, manner: Manner) -> tuple[Pose, Pose]:
        poses = pair(half_gap * manner.gap, facing_away)
        for pose, role in zip(poses, roles, strict=True):
            role.act(pose, time)
        return poses

    return improvised


def _role(pose: Pose, active: bool, rng: np.random.Generator) -> Role:
    def number(low: float, high: float) -> Callable[[], np.ndarray]:
        return lambda: np.array([rng.uniform(low, high)])

    def hand() -> np.ndarray:
        length, angle = rng.uniform(*ARM_LENGTHS), rng.uniform(*ARM_ANGLES)
        return np.array([pose.facing * length * np.cos(angle), TORSO + length * np.sin(angle)])

    def foot() -> np.ndarray:
        return np.array([pose.facing * rng.uniform(*FOOT_X), rng.uniform(*FOOT_Y)])

    nowhere = np.zeros(1)
    lean = _way(nowhere, number(-0.4, 0.5), 0.5 if active else 0.2, rng)
    walk = _way(nowhere, number(-0.2, 0.2), 0.5 if active else 0.3, rng)
    crouch = _way(nowhere, number(-0.1, 0.02), 0.3 if active else 0.0, rng)
    places: dict[str, tuple[Callable[[], np.ndarray], float]] = {
        "near_hand": (hand, 0.6 if active else 0.1),
        "far_hand": (hand, 0.6 if active else 0.1),
    }
    lifted = str(rng.choice(["near_foot", "far_foot", "none"], p=[0.3, 0.2, 0.5]))
    if active and lifted != "none":
        places[lifted] = (foot, 0.7)
    limbs = {name: _way(getattr(pose, name) - pose.hip, place, often, rng) for name, (place, often) in places.items()}
    return Role(lean, walk, crouch, limbs, bend=float(rng.choice([-1.0, 1.0])))


def _way(rest: np.ndarray, place: Callable[[], np.ndarray], often: float, rng: np.random.Generator) -> Way:
    """A way whose stations are drawn by `place`, and with the likelihood 1 − `often` back at rest."""
    stations, start = [], rng.uniform(*BEGIN_S)
    while start < END_S:
        stations.append((start, place() if rng.uniform() < often else rest))
        start += rng.uniform(*PAUSE_S)
    return Way(rest, tuple(stations), rng.uniform(*RISE_S))
