"""What each person looks like, part by part, learnt where nobody stands in front of or behind anybody.

A pixel is described by its colour and by its place on the part of the body that it would belong to, so that a dark
pixel at the back of a head is hair and one in the middle of it is somebody else's. How unlike a person it is, is its
distance to the nearest of the pixels that were seen on that person.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from dreamrelation.segmentation.interface import UnusableClip

COLOUR_BANDWIDTH = 10.0
"""Difference in 8-bit Lab that counts as much as PLACE_BANDWIDTH."""
PLACE_BANDWIDTH = 0.04
"""Body heights."""
NEIGHBOURS = 3
MINIMUM_EXEMPLARS = 30
"""Parts that were seen on fewer pixels are compared with the whole person, by colour alone."""
MAXIMUM_EXEMPLARS = 20_000
"""Per part; more are thinned evenly."""
MAXIMUM_COST = 4.0
"""One odd pixel must not outweigh everything around it."""


@dataclass(frozen=True)
class Pixels:
    """Some pixels, described as parts of one person."""

    colour: np.ndarray
    """(N, 3) float32 Lab, 0 to 255."""
    place: np.ndarray
    """(N, 2) body heights along and across the part."""
    part: np.ndarray
    """(N,) index of the part."""

    def features(self) -> np.ndarray:
        """(N, 5), so scaled that a unit is a bandwidth."""
        return np.concatenate([self.colour / COLOUR_BANDWIDTH, self.place / PLACE_BANDWIDTH], axis=1)

    @staticmethod
    def joined(several: list["Pixels"]) -> "Pixels":
        return Pixels(*(np.concatenate([getattr(p, name) for p in several]) for name in ("colour", "place", "part")))


class Appearance:
    """One person's exemplars. Raises UnusableClip where there are none."""

    def __init__(self, exemplars: Pixels) -> None:
        features = exemplars.features()
        if len(features) == 0:
            raise UnusableClip("found no pixel that is surely this person's, expected some to learn its colours from")
        self._whole = KDTree(_thinned(features[:, :3]))
        self._parts: dict[int, KDTree] = {}
        for part in np.unique(exemplars.part):
            own = features[exemplars.part == part]
            if len(own) >= MINIMUM_EXEMPLARS:
                self._parts[int(part)] = KDTree(_thinned(own))

    def cost(self, pixels: Pixels) -> np.ndarray:
        """(N,) in [0, MAXIMUM_COST]: half the squared distance to the nearest exemplars, in bandwidths."""
        features = pixels.features()
        costs = np.empty(len(features))
        for part in np.unique(pixels.part):
            asked = pixels.part == part
            tree = self._parts.get(int(part))
            query = features[asked] if tree is not None else features[asked][:, :3]
            known = tree if tree is not None else self._whole
            distance, _ = known.query(query, k=min(NEIGHBOURS, known.n))
            costs[asked] = np.asarray(distance).reshape(len(query), -1).mean(axis=1) ** 2 / 2
        return np.minimum(costs, MAXIMUM_COST)


def _thinned(features: np.ndarray) -> np.ndarray:
    return features[:: -(-len(features) // MAXIMUM_EXEMPLARS)]
