"""What a metric is: something that says a number of one video, or of a set of videos beside a reference set."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import numpy as np

from dreamrelation.relations import Relation
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.metrics import MetricSettings


@dataclass(frozen=True)
class MetricInfo:
    """What must be known of a metric to sum it up and to show it."""

    label: str
    """As tables write it, such as "Relation accuracy"."""
    about: str
    """What it says, in a few words."""
    unit: Literal["%", "cosine", "pixels per frame", ""] | str
    """"%": single values are 0 to 1 and are written as percent."""
    better: Literal["higher", "lower"] | None
    """None: neither is better, so no method is marked as the best."""
    low: float | None = None
    """Least possible value."""
    high: float | None = None
    """Greatest possible value."""
    is_share: bool = False
    """Single values are 0 or 1, or shares of yes among several askings, so that their mean is a proportion."""


@dataclass(frozen=True)
class Confusion:
    """How often a metric that is a judge took one class for another, of examples whose truth is known.

    Raises ValueError unless the counts have a row and a column for each class.
    """

    title: str
    """What was asked, and of which examples."""
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    """A row for each truth, a column for each answer."""

    def __post_init__(self) -> None:
        found = [len(row) for row in self.counts]
        if found != [len(self.classes)] * len(self.classes):
            size = f"{len(self.classes)} × {len(self.classes)}"
            raise ValueError(f"{self.title}: found rows of {found} counts, expected {size}")


@dataclass(frozen=True)
class VideoSample:
    """One video and what it should show: generated, or a real clip as a control or a reference."""

    name: str
    frames: np.ndarray
    """(F, H, W, 3) uint8 RGB."""
    prompt: str
    relation: Relation
    """The one that a metric is asked about; a control may show another."""
    subjects: tuple[str, str]
    """The prompt's two subjects, the actor first where the relation has one."""


@dataclass(frozen=True)
class Score:
    """What a metric says of one video."""

    value: float | None
    """None where it could not be taken."""
    detail: str
    """What was seen and, after a semicolon, how it was taken; or why there is no value."""
    confidence: float | None = None
    """How sure the metric is, 0 to 1, where it can tell; of a yes, where the value is no or yes."""
    passes: tuple[float | None, ...] = ()
    """Of a metric that is taken several times of each video, the value of each time, whose mean `value` is; None: no
    valid one. Empty: it is taken once."""


@dataclass(frozen=True)
class SetResult:
    """What a metric says of a set of videos."""

    value: float | None
    detail: str
    low: float | None = None
    high: float | None = None
    """Limits of its interval, where the metric gives one."""
    reference_count: int | None = None
    """Videos of a reference that the metric brought itself; None: the one that it was given."""


class VideoMetric(Protocol):
    """Says something of each video by itself.

    One that is a judge may have a property `confusions`, a tuple of `Confusion`: how it does where the truth is known.
    The report shows them; a metric without the property has none.

    One whose answers are dear may have a method `keep_answers_in(path)`: it keeps them in that file, from which a job
    that was stopped goes on.
    """

    info: ClassVar[MetricInfo]

    def __init__(self, settings: MetricSettings, machine: MachineSettings) -> None: ...

    @property
    def note(self) -> str:
        """What readers must know of how it is taken, in a sentence or two: which network, how good it is."""
        ...

    def score(self, video: VideoSample) -> Score: ...


class SetMetric(Protocol):
    """Compares all videos of a method with a reference set. Its settings say `compares_sets`."""

    info: ClassVar[MetricInfo]

    def __init__(self, settings: MetricSettings, machine: MachineSettings) -> None: ...

    @property
    def note(self) -> str: ...

    def compare(self, videos: Iterable[VideoSample], reference: Iterable[VideoSample]) -> SetResult:
        """Both are read one by one, so that neither need fit into memory."""
        ...
