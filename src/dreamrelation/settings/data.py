"""Settings of the data and of the choice of clips."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.errors import UserError
from dreamrelation.files import fits_workflow
from dreamrelation.settings.base import Count, Settings, Share
from dreamrelation.settings.registry import KindError


class NtuData(Settings):
    """NTU RGB+D, or what is written as it is: videos and skeletons by its names."""

    source: Literal["ntu"] = "ntu"
    videos: str
    """Folder that is searched recursively for `SsssCcccPpppRrrrAaaa_rgb.avi`."""
    skeletons: str
    """Folder that is searched recursively for `SsssCcccPpppRrrrAaaa.skeleton`."""
    missing_skeletons: tuple[str, ...] = ()
    """Text files, as NTU RGB+D publishes them, that list the samples without a usable skeleton."""
    captions: str | None = None
    """Tab-separated file with the columns clip and caption; `None`: the relation's own caption of two persons."""

    def files(self) -> list[str]:
        """What clips are read from."""
        named = [self.videos, self.skeletons, self.captions, *self.missing_skeletons]
        return [path for path in named if path is not None]


class FolderData(Settings):
    """Clips of one's own: a folder with a sub-folder of videos for each relation."""

    source: Literal["folder"]
    folder: str
    """Folder whose sub-folders bear the relations' names. Each holds videos of any kind that FFmpeg reads, and
    `relation.yaml`, which says what they show; a relation of NTU RGB+D can do without."""
    captions: str | None = None
    """Tab-separated file with the columns clip and caption, where clips of a relation show different things."""

    def files(self) -> list[str]:
        """What clips are read from; without files whose names the clips stage refuses."""
        top = Path(self.folder)
        found = (path for path in top.rglob("*") if path.is_file() and fits_workflow(str(path.relative_to(top))))
        inside = sorted(map(str, found))
        return [*(inside or [self.folder]), *([] if self.captions is None else [self.captions])]


SOURCES: dict[object, type[NtuData] | type[FolderData]] = {"ntu": NtuData, "folder": FolderData}


def _read(value: object) -> object:
    """Data of the source that is named, so that what does not fit it is told of it alone."""
    if not isinstance(value, dict):
        return value
    source = value.get("source", "ntu")
    if source not in SOURCES:
        raise UserError(f"source is {source!r}, expected one of {', '.join(map(str, SOURCES))}")
    try:
        return SOURCES[source].model_validate(value)
    except ValidationError as error:
        raise KindError(SOURCES[source], error) from None


Data = Annotated[NtuData | FolderData, BeforeValidator(_read)]
"""Where the clips are, by `source`."""


class ClipSettings(Settings):
    """Which clips are good, and which part of them is used."""

    per_relation: Count = 30
    """Clips to select for each relation."""
    minimum: Count = 20
    """Fewer good clips than this at every length is an error."""
    held_out: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Clips to select besides from which nothing is learnt, of other performances, as far as there are any: real
    clips for metrics. Without them metrics are asked about the clips that were learnt from."""
    pixel_frames: tuple[Count, ...] = (61, 49, 37)
    """Window lengths in frames, each as the model takes them (Mochi: 6k+1), tried in this order until `per_relation`
    clips are long enough."""
    frames_per_second: Count | None = None
    """Rate at which the model sees clips; of a video of another rate the frames that are nearest in time are taken.
    `None`: as generated videos have it (`generation.frames_per_second`)."""
    maximum_repeated_share: Share = 0.2
    """Share of a window's frames that may repeat the one before, in videos of a lower rate; others are refused."""
    height: Annotated[int, Field(ge=16, le=8192)] = 480
    """Height of the frames that the model sees, in pixels."""
    width: Annotated[int, Field(ge=16, le=8192)] = 848
    """Width of the frames that the model sees, in pixels."""
    minimum_body_share: Share = 0.35
    """Height of the smaller body over the height of the crop, at least. A body is its joint box with the margin."""
    target_body_share: Share = 0.7
    """The crop tightens until the taller body has this share of its height, if both bodies stay inside."""
    margin_share: Share = 0.12
    """Room around the joint boxes, as a share of the taller body: joints lie inside the outline."""
    minimum_tracked_share: Share = 0.6
    """Share of joints in the window that the sensor must have tracked or inferred, per body."""

    @field_validator("pixel_frames")
    @classmethod
    def _lengths(cls, lengths: tuple[int, ...]) -> tuple[int, ...]:
        if not lengths:
            raise ValueError("at least one window length is needed")
        if list(lengths) != sorted(set(lengths), reverse=True):
            raise ValueError(f"window lengths must fall from longest to shortest, found {list(lengths)}")
        return lengths

    @model_validator(mode="after")
    def _enough(self) -> "ClipSettings":
        if self.minimum > self.per_relation:
            raise ValueError(f"minimum {self.minimum} is more than per_relation {self.per_relation}")
        return self

    def check_backbone(self, spec: BackboneSpec) -> None:
        """Raise UserError where the model cannot take frames of these sizes and numbers."""
        for length in self.pixel_frames:
            try:
                spec.check_pixel_frames(length)
            except UserError as error:
                raise UserError(f"clips.pixel_frames: {error}") from None
        try:
            spec.check_size(self.height, self.width)
        except UserError as error:
            raise UserError(f"clips.height, clips.width: {error}") from None
