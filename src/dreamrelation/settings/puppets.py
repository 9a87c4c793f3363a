"""Settings of the puppet theatre."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from dreamrelation.settings.base import Settings

CAPTIONS, BAD_CLIPS, TRUE_MASKS, MANIFEST = "captions.tsv", "bad_clips.tsv", "true_masks.parquet", "manifest.json"
"""What a data set of puppets holds beside its clips; the manifest has the digest of every file."""


class PuppetSettings(Settings):
    """The data set that the puppet theatre plays; written in NTU's own way to the folders of `data`."""

    folder: str
    """Where the theatre writes: `nturgb+d_rgb/`, `nturgb+d_skeletons/`, `captions.tsv`, `true_masks.parquet`."""
    good_clips: Annotated[int, Field(ge=1, le=180)] = 10
    """Good clips of each relation; the bad ones come on top. Performers from 91 on act in those."""
    height: Annotated[int, Field(ge=32, le=4096, multiple_of=2)] = 144
    """Height of the videos, in pixels."""
    width: Annotated[int, Field(ge=32, le=4096, multiple_of=2)] = 256
    """Width of the videos, in pixels."""
    kinds: tuple[str, ...] = ("person",)
    """The kinds of figures that act."""

    def data_set_files(self) -> list[str]:
        """The files by which the data set is known."""
        return [str(Path(self.folder) / name) for name in (CAPTIONS, BAD_CLIPS, TRUE_MASKS, MANIFEST)]
