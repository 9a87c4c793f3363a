"""Looking into one clip: which windows of it are good, and why others are not."""

from dataclasses import dataclass, field

from dreamrelation.data.containers import Footage, look, prove
from dreamrelation.data.crops import Crop, choose_crop
from dreamrelation.data.file_names import as_text, is_text
from dreamrelation.data.ntu.discovery import Found
from dreamrelation.data.ntu.skeletons import read_skeleton
from dreamrelation.data.ntu.tracks import Tracks, two_people
from dreamrelation.data.refusal import Refusal
from dreamrelation.data.subjects import choose_subject
from dreamrelation.data.windows import Window, choose_window
from dreamrelation.errors import UserError
from dreamrelation.relations import BY_ACTION, Relation
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
    relation: str | None = None
    video_frames: int | None = None
    frames_per_second: float | None = None
    """Of the video, on average."""
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


def relation_of(found: Found) -> Relation | None:
    """The mutual action that a clip shows; None for an action of one person and for other files."""
    return None if found.name is None else BY_ACTION.get(found.name.action)


def check_name(found: Found, relations: tuple[str, ...], listed: frozenset[str]) -> None:
    """Raise Refusal where the name alone tells that the clip is not used."""
    relation = relation_of(found)
    for path in found.files:
        if not is_text(str(path)):
            raise Refusal(f"name not UTF-8: found {as_text(str(path))}, expected a name that is text; rename it")
    if found.name is None:
        raise Refusal(f"unknown name: found {found.clip!r}, expected SsssCcccPpppRrrrAaaa")
    if relation is None:
        raise Refusal(f"not asked for: A{found.name.action:03d} is no action of two people")
    if relation.slug not in relations:
        raise Refusal(f"not asked for: {relation.slug} is not among the experiment's relations")
    if found.duplicate:
        raise Refusal("duplicate: another file of this name was found")
    if found.video is None:
        raise Refusal("missing video: found only the skeleton file")
    if found.clip in listed:
        raise Refusal("listed: the publishers list its skeleton as missing")
    if found.skeleton is None:
        raise Refusal("missing skeleton: found no .skeleton file")


def inspect_name(
    found: Found, relations: tuple[str, ...], listed: frozenset[str], lengths: tuple[int, ...]
) -> Inspection:
    """What the name alone tells of a clip; one that is refused need not be looked into."""
    relation = relation_of(found)
    result = Inspection(found, relation.slug if relation else None)
    try:
        check_name(found, relations, listed)
    except Refusal as refusal:
        result.refuse(lengths, str(refusal))
    return result


def inspect(found: Found, settings: ClipSettings, frames_per_second: float) -> Inspection:
    """Look for a good window of each length in a clip whose name is good, without decoding it.

    Never raises for a bad clip: that is one of the answers.
    """
    relation = relation_of(found)
    result = Inspection(found, relation.slug if relation else None)
    try:
        _look_inside(result, settings, frames_per_second)
    except Refusal as refusal:
        result.refuse(settings.pixel_frames, str(refusal))
    return result


def reason_not_proven(found: Found, frames: int) -> str | None:
    """Why a clip that is to be used cannot be: decoding its video to the end did not give `frames` whole frames."""
    assert found.video is not None  # or it would not have been chosen
    try:
        prove(found.video, frames)
    except (UserError, OSError) as error:
        return f"unreadable video: {error}"
    return None


def _look_inside(result: Inspection, settings: ClipSettings, frames_per_second: float) -> None:
    skeleton, video, relation = result.found.skeleton, result.found.video, relation_of(result.found)
    assert skeleton is not None and video is not None and relation is not None  # by check_name
    try:
        bodies = read_skeleton(skeleton)
    except (UserError, OSError) as error:
        raise Refusal(f"unreadable skeleton: {error}") from None
    tracks = two_people(bodies)
    result.skeleton_frames, result.bodies = tracks.frames, tracks.people
    if tracks.people < 2:
        raise Refusal(f"one body: found {tracks.people} after denoising, expected 2")
    try:
        footage = look(video)
    except (UserError, OSError) as error:
        raise Refusal(f"unreadable video: {error}") from None
    result.video_frames, result.frames_per_second = len(footage.times), footage.frames_per_second
    if abs(result.video_frames - tracks.frames) > FRAMES_APART:
        raise Refusal(
            f"frame counts differ: found {result.video_frames} in the video and {tracks.frames} in the skeleton file"
        )
    for length in settings.pixel_frames:
        try:
            result.fits[length] = _fit(tracks, footage, length, frames_per_second, relation, settings)
        except Refusal as refusal:
            result.refusals[length] = str(refusal)


def _fit(
    tracks: Tracks,
    footage: Footage,
    length: int,
    frames_per_second: float,
    relation: Relation,
    settings: ClipSettings,
) -> Fit:
    window = choose_window(tracks, footage.times, length, frames_per_second)
    repeated = 1 - len(set(window.frames)) / length
    if repeated > settings.maximum_repeated_share:
        raise Refusal(
            f"frame rate too low: found {footage.frames_per_second:.2f} frames per second; at {frames_per_second:g}"
            f" {repeated:.2f} of the window would be repeated frames, expected at most"
            f" {settings.maximum_repeated_share}"
        )
    frames = list(window.frames)
    tracked = tracks.tracked[frames]
    share = float(tracked.mean(axis=(0, 2)).min())
    if share < settings.minimum_tracked_share:
        raise Refusal(f"untracked: found {share:.2f} of a body's joints, expected {settings.minimum_tracked_share}")
    crop = choose_crop(tracks.pixels[frames], tracked, footage.picture, settings)
    return Fit(window, float(footage.times[frames[0]]), crop, *choose_subject(tracks, window, relation.actor))
