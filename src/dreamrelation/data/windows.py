"""Which frames of a clip are used: a window round the interaction."""

from dataclasses import dataclass

import numpy as np

from dreamrelation.data.ntu.tracks import Tracks
from dreamrelation.data.refusal import Refusal

CLOSER = 0.8
"""Two bodies approach each other where their smallest distance is below this share of the usual one."""
CONTACT = 0.1
"""Frames belong to the closest approach up to this share of the way from the smallest distance to the usual one."""


@dataclass(frozen=True)
class Window:
    """Frames start_frame … start_frame + pixel_frames − 1 of the video."""

    start_frame: int
    pixel_frames: int
    rule: str
    """What it is centred on: "closest_approach" or "highest_motion"."""

    @property
    def frames(self) -> slice:
        return slice(self.start_frame, self.start_frame + self.pixel_frames)


def choose_window(tracks: Tracks, pixel_frames: int, available_frames: int) -> Window:
    """The window of `pixel_frames` frames that is best centred on the interaction.

    Exactly the two bodies are there in each of its frames, and it ends before `available_frames`. Raises Refusal.
    """
    usable = tracks.usable[:available_frames]
    starts = _possible_starts(usable, pixel_frames)
    if not len(starts):
        raise _no_window(tracks, usable, pixel_frames)
    frame = closest_approach(tracks.positions[: len(usable)], usable)
    if frame is None:
        return Window(_liveliest(tracks.positions, starts, pixel_frames), pixel_frames, "highest_motion")
    centred = starts[np.abs(starts + (pixel_frames - 1) / 2 - frame).argmin()]
    if not centred <= frame < centred + pixel_frames:
        raise Refusal(
            f"interaction cut off: the bodies are closest in frame {frame}, and no {pixel_frames} frames round it have"
            " exactly two bodies"
        )
    return Window(int(centred), pixel_frames, "closest_approach")


def _possible_starts(usable: np.ndarray, pixel_frames: int) -> np.ndarray:
    counts = np.concatenate([[0], np.cumsum(usable)])
    if len(usable) < pixel_frames:
        return np.array([], int)
    return np.flatnonzero(counts[pixel_frames:] - counts[:-pixel_frames] == pixel_frames)


def _no_window(tracks: Tracks, usable: np.ndarray, pixel_frames: int) -> Refusal:
    if len(usable) < pixel_frames:
        return Refusal(f"too short: found {len(usable)} frames, expected {pixel_frames}")
    strangers = int((tracks.others[: len(usable)] > 0).sum())
    if strangers:
        return Refusal(f"third body: found more than two bodies in {strangers} of {len(usable)} frames")
    ends = np.flatnonzero(np.diff(np.concatenate([[0], usable.astype(int), [0]])))
    longest = int(np.diff(ends)[::2].max(initial=0))
    return Refusal(f"body lost: found two bodies in at most {longest} frames on end, expected {pixel_frames}")


def body_distance(positions: np.ndarray) -> np.ndarray:
    """Smallest distance between a joint of one body and a joint of the other, (F, 2, 25, 3) → (F,) metres."""
    apart = positions[:, 0, :, None, :] - positions[:, 1, None, :, :]
    return np.linalg.norm(apart, axis=-1).min(axis=(1, 2))


def closest_approach(positions: np.ndarray, usable: np.ndarray) -> int | None:
    """The middle one of the frames in which the bodies are closest; None where they never come notably closer."""
    frames = np.flatnonzero(usable)
    distance = body_distance(positions[frames])
    usual = float(distance.mean())
    if distance.min() >= CLOSER * usual:
        return None
    near = distance <= distance.min() + CONTACT * (usual - distance.min())
    return int(np.median(frames[near]))


def _liveliest(positions: np.ndarray, starts: np.ndarray, pixel_frames: int) -> int:
    """The start from which the joints travel farthest."""
    speed = np.linalg.norm(np.diff(positions, axis=0), axis=-1).mean(axis=(1, 2))
    travelled = [speed[start : start + pixel_frames - 1].sum() for start in starts]
    return int(starts[int(np.argmax(travelled))])
