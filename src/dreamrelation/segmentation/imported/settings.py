"""Settings of masks that are there already."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dreamrelation.settings.segmenters import SegmenterSettings

Level = Annotated[int, Field(ge=0, le=255)]
Colour = tuple[Level, Level, Level]


class ImportedSettings(SegmenterSettings):
    """PNG frames of ready masks, a folder for each clip, as Grounded-SAM tools write them: all frames of the video, of
    its size, sorted by the last number in their names."""

    implementation: ClassVar[str] = "dreamrelation.segmentation.imported.segmenter:ImportedMasks"

    kind: Literal["imported"] = "imported"
    folder: str
    """Folder with a sub-folder for each clip, which bears the clip's name or that of its video without suffix. In it
    either frames in which each subject has a colour, or sub-folders `subject1` and `subject2` with frames of 0 and
    255 (of 0 and another single value will do)."""
    colours: tuple[Colour, Colour] | None = None
    """Red, green and blue of subject 1 and of subject 2; other colours are background. `None`: a clip has two colours
    beside black, and whose they are is told as with other masks."""

    def files(self) -> list[str]:
        inside = sorted(str(path) for path in Path(self.folder).rglob("*") if path.is_file())
        return inside or [self.folder]
