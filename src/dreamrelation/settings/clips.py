"""Settings of the data and of the clips stage."""

from typing import Annotated

from pydantic import Field, field_validator

from dreamrelation.geometry import check_pixel_frames
from dreamrelation.settings.base import Settings

Share = Annotated[float, Field(ge=0, le=1)]


class DataSettings(Settings):
    """Where the clips are."""

    videos: str
    """Folder that is searched recursively for `SsssCcccPpppRrrrAaaa_rgb.avi`."""
    skeletons: str
    """Folder that is searched recursively for `SsssCcccPpppRrrrAaaa.skeleton`."""
    missing_skeletons: tuple[str, ...] = ()
    """Text files, as NTU RGB+D publishes them, that list the samples without a usable skeleton."""
    captions: str | None = None
    """Tab-separated file with the columns clip and caption; `None`: the relation's own caption of two persons."""


class ClipSettings(Settings):
    """Which clips are good, and which part of them is used."""

    per_relation: Annotated[int, Field(ge=1)] = 30
    """Clips to select for each relation."""
    minimum: Annotated[int, Field(ge=1)] = 20
    """Fewer good clips than this at every length is an error."""
    pixel_frames: tuple[int, ...] = (61, 49, 37)
    """Window lengths in frames, each 6k+1, tried in this order until `per_relation` clips are long enough."""
    height: Annotated[int, Field(ge=16, multiple_of=16)] = 480
    """Height of the frames that the model sees, in pixels."""
    width: Annotated[int, Field(ge=16, multiple_of=16)] = 848
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
        for length in lengths:
            check_pixel_frames(length)
        if list(lengths) != sorted(set(lengths), reverse=True):
            raise ValueError(f"window lengths must fall from longest to shortest, found {list(lengths)}")
        return lengths


class PuppetSettings(Settings):
    """The data set that the puppet theatre plays; written in NTU's own way to the folders of `data`."""

    folder: str
    """Where the theatre writes: `nturgb+d_rgb/`, `nturgb+d_skeletons/`, `captions.tsv`, `true_masks.parquet`."""
    good_clips: Annotated[int, Field(ge=1)] = 10
    """Good clips of each relation; the bad ones come on top."""
    height: Annotated[int, Field(ge=32, multiple_of=2)] = 144
    """Height of the films, in pixels."""
    width: Annotated[int, Field(ge=32, multiple_of=2)] = 256
    """Width of the films, in pixels."""
    kinds: tuple[str, ...] = ("person",)
    """The kinds of figures that act."""
