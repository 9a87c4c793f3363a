"""Looking into one clip: which windows of it are good, and why others are not."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dreamrelation.data.containers import Footage, look, prove
from dreamrelation.data.crops import Crop, choose_crop, middle_crop
from dreamrelation.data.found import Found
from dreamrelation.data.ntu.skeletons import read_skeleton
from dreamrelation.data.ntu.tracks import two_people
from dreamrelation.data.pictures import check_pictures
from dreamrelation.data.refusal import Refusal
from dreamrelation.data.subjects import choose_subject, rule_without_skeleton
from dreamrelation.data.windows import Window, choose_window, middle_window
from dreamrelation.errors import UserError
from dreamrelation.relations import Relation
from dreamrelation.settings.data import ClipSettings

FRAMES_APART = 1
"""Video and skeleton of one clip may differ by this many frames."""


@dataclass(frozen=True)
class Fit:
    """A good window of a clip."""

    window: Window
    start_seconds: float
    """When the window starts, after the video's first frame."""
    crop: Crop
    subject1_track: int
    subject_rule: str


@dataclass
class Inspection:
    """What was found out about one clip; None is what was not looked at, as it was refused before."""

    found: Found
    video_frames: int | None = None
    frames_per_second: float | None = None
    """Of the video, on average."""
    picture: tuple[int, int] | None = None
    """Width and height of the video, in pixels."""
    skeleton_frames: int | None = None
    bodies: int | None = None
    fits: dict[int, Fit] = field(default_factory=dict)
    """Window length → the good window."""
    refusals: dict[int, str] = field(default_factory=dict)
    """Window length → why there is none."""

    def refuse(self, lengths: tuple[int, ...], reason: str) -> None:
        """Find that no window can be used."""
        self.fits.clear()
        self.refusals = dict.fromkeys(lengths, reason)


def inspect(found: Found, relation: Relation, settings: ClipSettings, frames_per_second: float) -> Inspection:
    """Look for a good window of each length in a clip whose name is good, without decoding it.

    Never raises for a bad clip: that is one of the answers.
    """
    result = Inspection(found)
    try:
        if found.skeleton is None:
            _look_at_video(result, relation, settings, frames_per_second)
        else:
            _look_at_both(result, found.skeleton, relation, settings, frames_per_second)
    except Refusal as refusal:
        result.refuse(settings.pixel_frames, str(refusal))
    return result


@dataclass(frozen=True)
class Claim:
    """What decoding must prove of a clip that is to be used."""

    found: Found
    video_frames: int
    window: tuple[int, ...]
    """Numbers of the frames that are used."""


def reason_not_proven(claim: Claim) -> str | None:
    """Why a clip cannot be used, seen only in its pictures; None where it can."""
    video, skeleton = claim.found.video, claim.found.skeleton
    assert video is not None  # or it would not have been chosen
    try:
        thumbnails = prove(video, claim.video_frames, claim.window)
        joints = None if skeleton is None else two_people(read_skeleton(skeleton)).positions[list(claim.window)]
    except (UserError, OSError) as error:
        return f"unreadable video: {error}"
    try:
        check_pictures(thumbnails, joints)
    except Refusal as refusal:
        return str(refusal)
    return None


def _look_at_both(
    result: Inspection, skeleton: Path, relation: Relation, settings: ClipSettings, frames_per_second: float
) -> None:
    try:
        bodies = read_skeleton(skeleton)
    except (UserError, OSError) as error:
        raise Refusal(f"unreadable skeleton: {error}") from None
    tracks = two_people(bodies)
    result.skeleton_frames, result.bodies = tracks.frames, tracks.people
    if tracks.people < 2:
        raise Refusal(f"one body: found {tracks.people} after denoising, expected 2")
    footage = _footage(result)
    if abs(len(footage.times) - tracks.frames) > FRAMES_APART:
        raise Refusal(
            f"frame counts differ: found {result.video_frames} in the video and {tracks.frames} in the skeleton file"
        )
    for length in settings.pixel_frames:
        try:
            window = choose_window(tracks, footage.times, length, frames_per_second)
            _check_repeats(window, footage, frames_per_second, settings)
            frames = list(window.frames)
            tracked = tracks.tracked[frames]
            _check_tracked(tracked, settings)
            crop = choose_crop(tracks.pixels[frames], tracked, footage.picture, settings)
            subject = choose_subject(tracks, window, relation.actor)
            result.fits[length] = Fit(window, float(footage.times[frames[0]]), crop, *subject)
        except Refusal as refusal:
            result.refusals[length] = str(refusal)


def _look_at_video(result: Inspection, relation: Relation, settings: ClipSettings, frames_per_second: float) -> None:
    """Where nobody knows where the two are, the middle is taken, of time and of the picture."""
    footage = _footage(result)
    for length in settings.pixel_frames:
        try:
            window = middle_window(footage.times, length, frames_per_second)
            _check_repeats(window, footage, frames_per_second, settings)
            start = float(footage.times[window.frames[0]])
            rule = rule_without_skeleton(relation.actor)
            result.fits[length] = Fit(window, start, middle_crop(footage.picture, settings), 0, rule)
        except Refusal as refusal:
            result.refusals[length] = str(refusal)


def _footage(result: Inspection) -> Footage:
    assert result.found.video is not None  # or its name would have been refused
    try:
        footage = look(result.found.video)
    except (UserError, OSError) as error:
        raise Refusal(f"unreadable video: {error}") from None
    result.video_frames, result.frames_per_second = len(footage.times), footage.frames_per_second
    result.picture = footage.picture
    return footage


def _check_repeats(window: Window, footage: Footage, frames_per_second: float, settings: ClipSettings) -> None:
    repeated = 1 - len(set(window.frames)) / len(window.frames)
    if repeated > settings.maximum_repeated_share:
        raise Refusal(
            f"frame rate too low: found {footage.frames_per_second:.2f} frames per second; at {frames_per_second:g}"
            f" {repeated:.2f} of the window would be repeated frames, expected at most"
            f" {settings.maximum_repeated_share}"
        )


def _check_tracked(tracked: np.ndarray, settings: ClipSettings) -> None:
    share = float(tracked.mean(axis=(0, 2)).min())
    if share < settings.minimum_tracked_share:
        raise Refusal(f"untracked: found {share:.2f} of a body's joints, expected {settings.minimum_tracked_share}")
