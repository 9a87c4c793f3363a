"""The rows of the plain tables, one dataclass each. Frames count from 0; pixels are of the source video."""

from dataclasses import dataclass
from itertools import pairwise

from dreamrelation.tables.table import Table


@dataclass(frozen=True)
class IndexedClip:
    """A file that was found in the data set, with its verdict."""

    clip: str
    """SsssCcccPpppRrrrAaaa, or the file's stem where it is no such name."""
    relation: str | None
    video: str | None
    skeleton: str | None
    setup: int | None
    camera: int | None
    performer: int | None
    repeat: int | None
    action: int | None
    video_frames: int | None
    """By its container; proven by decoding for selected clips only. None where a reason was found before."""
    frames_per_second: float | None
    """Of the video, on average."""
    skeleton_frames: int | None
    bodies: int | None
    verdict: str
    """selected, held out (selected, but not to learn from), spare (good, but not needed) or refused."""
    reason: str
    """A short cause, a colon and the details; for selected clips empty, or why the window is shorter."""


INDEX = Table("clips/index", IndexedClip)


TRAIN, HELD_OUT = "train", "held out"
"""What a clip is used for."""


@dataclass(frozen=True)
class SelectedClip:
    """A clip that is used: the window in frames, the crop in source pixels, and who is subject 1."""

    clip: str
    relation: str
    caption: str
    video: str
    skeleton: str | None
    """None: the data have no skeletons."""
    frames: tuple[int, ...]
    """Numbers of the video's frames, one for each frame that the model sees; they do not fall."""
    start_seconds: float
    """When the first of them is shown, after the video's first frame."""
    frames_per_second: float
    """At which the model sees them."""
    source_frames_per_second: float
    """Of the video, on average."""
    source_frames: int
    source_width: int
    source_height: int
    """Of the video, as it is shown."""
    crop_left: int
    crop_top: int
    crop_width: int
    crop_height: int
    subject1_track: int
    subject_rule: str
    window_rule: str
    split: str
    """TRAIN, or HELD_OUT: no method learns from it."""

    @property
    def pixel_frames(self) -> int:
        return len(self.frames)

    @property
    def resampled(self) -> bool:
        """Whether frames of the video are left out or repeated, to show it in its true time at another rate."""
        return any(later - earlier != 1 for earlier, later in pairwise(self.frames))


SELECTION = Table("clips/selection", SelectedClip)


@dataclass(frozen=True)
class MaskRow:
    """The mask of one subject in one frame of a clip's window."""

    clip: str
    frame: int
    subject: int
    """1 or 2."""
    height: int
    width: int
    counts: bytes
    """COCO's compressed run-length code."""
    area_share: float
    neighbour_iou: float | None
    """Intersection over union with the mask of the frame before; None in the first frame."""
    joints_inside_share: float | None
    truth_iou: float | None


MASKS = Table("masks", MaskRow)


@dataclass(frozen=True)
class Rejection:
    """A selected clip that got no masks."""

    clip: str
    reason: str


REJECTIONS = Table("rejections", Rejection)


@dataclass(frozen=True)
class TrueMask:
    """A true mask on the source video's pixels and frames; body counts the skeleton file's bodies from 0."""

    clip: str
    frame: int
    body: int
    height: int
    width: int
    counts: bytes


TRUE_MASKS = Table("true_masks", TrueMask)


@dataclass(frozen=True)
class TrainingStep:
    """What was measured in one training step."""

    step: int
    role: str
    """What the step was about; "all" for a method without roles."""
    clips: tuple[str, ...]
    loss: float
    terms: dict[str, float]
    """The loss's terms by name, before their weights; one that did not apply in this step is left out."""
    learning_rate: float
    gradient_norm: float
    """Of the parameters that took part, before clipping."""
    seconds: float
    held_out: dict[str, float]
    """Noise level → loss of the clips from which nothing is learnt, after this step; empty where they were not looked
    at."""


TRAINING = Table("training", TrainingStep)


@dataclass(frozen=True)
class GeneratedVideo:
    """Everything that made one generated video."""

    video: str
    file: str
    """Path relative to the table."""
    relation: str
    method: str
    prompt: str
    """What the video should show, the same for all methods."""
    text: str
    """What the model was given for it; a method may word it in its own way."""
    subject1: str
    subject2: str
    repeat: int
    seed: int
    pixel_frames: int
    height: int
    width: int
    frames_per_second: int
    sampling_steps: int
    guidance_scale: float
    embedded_guidance: float | None
    model: str
    """Path and fingerprint of the denoiser."""
    adapters: tuple[str, ...]
    """"name:sha256 of its file" of all that the method loaded."""
    sha256: str


VIDEOS = Table("videos", GeneratedVideo)


@dataclass(frozen=True)
class VideoScore:
    """What a metric says of one video."""

    video: str
    prompt: str
    value: float | None
    """None where it could not be taken, and detail says why."""
    confidence: float | None
    """How sure the metric is, 0 to 1, where it can tell: a judge's probability, for example."""
    detail: str
    """How the value was taken, or why there is none."""
    passes: tuple[float | None, ...] = ()
    """Of a metric that is taken several times of each video, the value of each time; None: no valid one."""


SCORES = Table("scores", VideoScore)


@dataclass(frozen=True)
class SetScore:
    """What a metric says of all videos of a method together, beside a reference set."""

    value: float | None
    low: float | None
    high: float | None
    """Limits of its interval, where the metric gives one."""
    count: int
    """Videos."""
    reference_count: int
    """Reference videos."""
    detail: str


SET_SCORES = Table("set_scores", SetScore)


@dataclass(frozen=True)
class ControlScore:
    """What a metric says of one real clip, whose truth is known."""

    clip: str
    shown: str
    """The relation that the clip shows."""
    value: float | None
    detail: str
    passes: tuple[float | None, ...] = ()
    """As in VideoScore."""


CONTROLS = Table("controls", ControlScore)


def cause(reason: str) -> str:
    """The short cause that the reason of a refused clip starts with, by which refusals are counted."""
    return reason.split(":")[0]
