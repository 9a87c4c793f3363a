"""Settings of the puppet theatre."""

from typing import Annotated

from pydantic import Field

from dreamrelation.settings.base import Count, Settings


class PuppetSettings(Settings):
    """The data set that the puppet theatre plays; written in NTU's own way to the folders of `data`."""

    folder: str
    """Where the theatre writes: `nturgb+d_rgb/`, `nturgb+d_skeletons/`, `captions.tsv`, `true_masks.parquet`."""
    good_clips: Count = 10
    """Good clips of each relation; the bad ones come on top."""
    height: Annotated[int, Field(ge=32, multiple_of=2)] = 144
    """Height of the videos, in pixels."""
    width: Annotated[int, Field(ge=32, multiple_of=2)] = 256
    """Width of the videos, in pixels."""
    kinds: tuple[str, ...] = ("person",)
    """The kinds of figures that act."""
