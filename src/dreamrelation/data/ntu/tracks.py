"""From the bodies of each frame to two people: denoising as in CTR-GCN, keeping the frame numbers.

CTR-GCN: Chen et al., ICCV 2021, its `get_raw_denoised_data.py`.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dreamrelation.data.distances import squared_distances
from dreamrelation.data.ntu.skeletons import JOINTS, Body

SHORTEST_TRACK = 12
"""Tracks of fewer frames are noise."""
SPREAD_RATIO = 0.8
"""A body that is wider than this share of its height is not standing: furniture, in most of its frames."""
NOISY_SHARE = 0.69754
"""A track with this share of such frames is dropped."""
JOIN_DISTANCE_M = 0.5
"""How far a person may jump where the sensor gives a new bodyID."""
JOIN_SPEED_M = 0.1
"""How much farther for each frame without any body, 3 m/s at 30 frames per second."""


@dataclass(frozen=True)
class Track:
    """One bodyID through the clip; N frames in which it is there, not always without gaps."""

    body_id: int
    number: int
    """Bodies are counted from 0 as they appear in the file."""
    frames: np.ndarray
    """(N,) int."""
    positions: np.ndarray
    """(N, 25, 3) metres."""
    colour: np.ndarray
    """(N, 25, 2) pixels."""
    tracking: np.ndarray
    """(N, 25)."""

    @property
    def variance(self) -> float:
        """Summed variance of x, y and z over joints and frames, by which CTR-GCN ranks."""
        return float(self.positions.reshape(-1, 3).var(axis=0).sum())

    @property
    def noisy_share(self) -> float:
        """Share of frames in which the body is too wide for its height."""
        width, height, _ = np.moveaxis(np.ptp(self.positions, axis=1), -1, 0)
        return float((width > SPREAD_RATIO * height).mean())


@dataclass(frozen=True)
class Tracks:
    """The two people of a clip over all its F frames; NaN where one is absent."""

    positions: np.ndarray
    """(F, 2, 25, 3) metres."""
    pixels: np.ndarray
    """(F, 2, 25, 2) pixels of the colour picture."""
    tracked: np.ndarray
    """(F, 2, 25) bool: tracked or inferred by the sensor, and with a place in the colour picture."""
    present: np.ndarray
    """(F, 2) bool."""
    others: np.ndarray
    """(F,) int, bodies beyond the two that are no noise."""
    people: int
    """How many people the denoised clip has."""
    first_bodies: tuple[int, ...]
    """For each of the two, which of the file's bodies it starts as, counted from 0 as they appear."""

    @property
    def frames(self) -> int:
        return len(self.present)

    @property
    def usable(self) -> np.ndarray:
        """(F,) bool: exactly these two bodies are there, and each is seen somewhere in the picture."""
        return self.present.all(axis=1) & self.tracked.any(axis=2).all(axis=-1) & (self.others == 0)

    @cached_property
    def distances(self) -> np.ndarray:
        """(F,) metres between that joint of one and that of the other which are closest."""
        first, second = np.moveaxis(self.positions, 1, 0)
        return np.sqrt(squared_distances(first[:, :, None], second[:, None]).min(axis=(1, 2)))


def collect_tracks(frames: list[list[Body]]) -> list[Track]:
    """One track per bodyID, in order of appearance; the order of bodies within a frame does not matter."""
    seen: dict[int, list[tuple[int, Body]]] = {}
    for number, bodies in enumerate(frames):
        for body in bodies:
            seen.setdefault(body.body_id, []).append((number, body))
    return [
        Track(
            body_id,
            number,
            np.array([frame for frame, _ in found]),
            np.stack([body.positions for _, body in found]),
            np.stack([body.colour for _, body in found]),
            np.stack([body.tracking for _, body in found]),
        )
        for number, (body_id, found) in enumerate(seen.items())
    ]


def denoise(tracks: list[Track]) -> list[Track]:
    """The tracks that are people, those that vary most first."""
    kept = [t for t in tracks if len(t.frames) >= SHORTEST_TRACK and t.noisy_share < NOISY_SHARE]
    return sorted(kept, key=lambda track: (-track.variance, track.number))


def two_people(frames: list[list[Body]]) -> Tracks:
    """Denoise the bodies of a clip and join them into two people.

    Tracks are taken in their rank. One that does not overlap a person in time becomes a part of that person, if it
    starts or ends near where the person is; CTR-GCN does not look at the distance, and so makes one person of two
    whose bodyIDs change at once. What fits neither person is counted in `others`.
    """
    people: list[list[Track]] = []
    strangers: list[Track] = []
    for track in denoise(collect_tracks(frames)):
        near = [(_jump(person, track), n) for n, person in enumerate(people) if _can_join(person, track)]
        if near:
            people[min(near)[1]].append(track)
        elif len(people) < 2:
            people.append([track])
        else:
            strangers.append(track)
    return _arrays(people, strangers, len(frames))


def _can_join(person: list[Track], track: Track) -> bool:
    overlaps = any(np.intersect1d(part.frames, track.frames).size for part in person)
    return not overlaps and _jump(person, track) <= 1.0


def _jump(person: list[Track], track: Track) -> float:
    """Distance between a person and a track where they are closest in time, over the distance that is allowed."""
    frames = np.concatenate([part.frames for part in person])
    centres = np.concatenate([part.positions.mean(axis=1) for part in person])
    gaps = np.abs(frames[:, None] - track.frames[None, :])
    here, there = np.unravel_index(int(gaps.argmin()), gaps.shape)
    distance = float(np.linalg.norm(centres[here] - track.positions[there].mean(axis=0)))
    return distance / (JOIN_DISTANCE_M + JOIN_SPEED_M * float(gaps[here, there] - 1))


def _arrays(people: list[list[Track]], strangers: list[Track], frames: int) -> Tracks:
    positions = np.full((frames, 2, JOINTS, 3), np.nan)
    pixels = np.full((frames, 2, JOINTS, 2), np.nan)
    tracked = np.zeros((frames, 2, JOINTS), bool)
    present = np.zeros((frames, 2), bool)
    for who, parts in enumerate(people):
        for part in parts:
            positions[part.frames, who] = part.positions
            pixels[part.frames, who] = part.colour
            tracked[part.frames, who] = (part.tracking > 0) & np.isfinite(part.colour).all(axis=-1)
            present[part.frames, who] = True
    others = np.zeros(frames, int)
    for stranger in strangers:
        others[stranger.frames] += 1
    first = tuple(min(parts, key=lambda part: int(part.frames[0])).number for parts in people)
    return Tracks(positions, pixels, tracked, present, others, len(people) + int(others.max(initial=0)), first)
