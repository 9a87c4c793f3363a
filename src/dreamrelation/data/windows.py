"""Which frames of a clip are used: a window round the interaction."""

from dataclasses import dataclass

import numpy as np

from dreamrelation.data.ntu.tracks import Tracks
from dreamrelation.data.refusal import Refusal

CLOSER = 0.8
"""Two bodies approach each other where their smallest distance is below this share of the usual one."""
HALF_A_FRAME = 0.5
"""A window may end this share of a frame after the last one begins: each frame is shown for a while."""
CONTACT = 0.1
"""Frames belong to the closest approach up to this share of the way from the smallest distance to the usual one."""


@dataclass(frozen=True)
class Window:
    """A stretch of a video, in frames that are evenly spaced in time."""

    frames: tuple[int, ...]
    """For each frame that the model sees the number of the video's frame, from 0, whose time is nearest."""
    rule: str
    """What it is centred on: "closest_approach", "highest_motion" or "middle"."""


def choose_window(tracks: Tracks, times: np.ndarray, pixel_frames: int, frames_per_second: float) -> Window:
    """The window of `pixel_frames` frames at a rate that is best centred on the interaction.

    `times` (N,) are those of the video's frames, in seconds. Exactly the two bodies are there in each frame from the
    window's first to its last. Raises Refusal.
    """
    usable = tracks.usable[: len(times)]
    times = times[: len(usable)]
    offsets = np.arange(pixel_frames) / frames_per_second
    starts, ends = _possible_windows(usable, times, float(offsets[-1]))
    if not len(starts):
        raise _no_window(tracks, usable, times, pixel_frames, frames_per_second)
    frame = closest_approach(tracks.distances[: len(usable)], usable)
    if frame is None:
        start = _liveliest(tracks.positions, starts, ends)
        return Window(nearest(times, times[start] + offsets), "highest_motion")
    best = int(np.abs(times[starts] + offsets[-1] / 2 - times[frame]).argmin())
    if not starts[best] <= frame <= ends[best]:
        raise Refusal(
            f"interaction cut off: the bodies are closest in frame {frame}, and no {pixel_frames} frames round it have"
            " exactly two bodies"
        )
    return Window(nearest(times, times[starts[best]] + offsets), "closest_approach")


def middle_window(times: np.ndarray, pixel_frames: int, frames_per_second: float) -> Window:
    """The window in the middle of a video of which nothing but its frames' times (N,) is known. Raises Refusal."""
    offsets = np.arange(pixel_frames) / frames_per_second
    starts, _ = _possible_windows(np.ones(len(times), bool), times, float(offsets[-1]))
    if not len(starts):
        raise _too_short(times, pixel_frames, frames_per_second)
    start = times[starts[len(starts) // 2]]
    return Window(nearest(times, start + offsets), "middle")


def nearest(times: np.ndarray, wanted: np.ndarray) -> tuple[int, ...]:
    """For each wanted time the number of the frame that is nearest in time; of two, the earlier."""
    after = np.clip(np.searchsorted(times, wanted), 1, len(times) - 1)
    earlier = wanted - times[after - 1] <= times[after] - wanted
    return tuple((after - earlier).tolist())


def _possible_windows(usable: np.ndarray, times: np.ndarray, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """First and last frames of all windows of so many seconds in which every frame is usable."""
    if len(times) < 2:
        return np.array([], int), np.array([], int)
    starts = np.flatnonzero(times + seconds <= times[-1] + HALF_A_FRAME * (times[-1] - times[-2]))
    ends = np.array(nearest(times, times[starts] + seconds), int)
    lost = np.concatenate([[0], np.cumsum(~usable)])
    whole = lost[ends + 1] == lost[starts]
    return starts[whole], ends[whole]


def _no_window(
    tracks: Tracks, usable: np.ndarray, times: np.ndarray, pixel_frames: int, frames_per_second: float
) -> Refusal:
    if (
        float(np.ptp(times) if len(times) else 0) + HALF_A_FRAME / frames_per_second
        < (pixel_frames - 1) / frames_per_second
    ):
        return _too_short(times, pixel_frames, frames_per_second)
    strangers = int((tracks.others[: len(usable)] > 0).sum())
    if strangers:
        return Refusal(f"third body: found more than two bodies in {strangers} of {len(usable)} frames")
    ends = np.flatnonzero(np.diff(np.concatenate([[0], usable.astype(int), [0]])))
    longest = int(np.diff(ends)[::2].max(initial=0))
    return Refusal(
        f"body lost: found two bodies in at most {longest} frames on end, {_length(pixel_frames, frames_per_second)}"
    )


def _too_short(times: np.ndarray, pixel_frames: int, frames_per_second: float) -> Refusal:
    seconds = float(np.ptp(times)) if len(times) else 0.0
    expected = _length(pixel_frames, frames_per_second)
    return Refusal(f"too short: found {len(times)} frames, {seconds:.2f} s, {expected}")


def _length(pixel_frames: int, frames_per_second: float) -> str:
    seconds = (pixel_frames - 1) / frames_per_second
    return f"expected {pixel_frames} at {frames_per_second:g} per second, {seconds:.2f} s"


def closest_approach(distances: np.ndarray, usable: np.ndarray) -> int | None:
    """The middle one of the usable frames in which the bodies are closest, of distances (F,) and usable (F,) bool.

    None where they never come notably closer.
    """
    frames = np.flatnonzero(usable)
    distance = distances[frames]
    usual = float(distance.mean())
    if distance.min() >= CLOSER * usual:
        return None
    near = distance <= distance.min() + CONTACT * (usual - distance.min())
    return int(np.median(frames[near]))


def _liveliest(positions: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> int:
    """The start from which the joints travel farthest."""
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=-1).mean(axis=(1, 2))
    travelled = [steps[start:end].sum() for start, end in zip(starts, ends, strict=True)]
    return int(starts[int(np.argmax(travelled))])
