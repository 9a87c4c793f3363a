"""Settings of the masks that SAM 3 finds by a word and follows through a clip."""

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from dreamrelation.local_models import folder_files
from dreamrelation.settings.base import Share
from dreamrelation.settings.segmenters import SegmenterSettings


class Sam3Settings(SegmenterSettings):
    """SAM 3 video (transformers' `sam3_video`): everything that a word names, found and followed; of these the two
    subjects. Needs neither detector nor skeletons."""

    implementation: ClassVar[str] = "dreamrelation.segmentation.sam3.segmenter:Sam3"

    kind: Literal["sam3"] = "sam3"
    model: str = "facebook/sam3"
    """Hub id or local folder of the model and its processor."""
    prompt: Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)] = "person"
    """What both subjects are: a noun or two."""
    minimum_region_share: Share = 0.02
    """Islands and holes smaller than this share of a mask are removed."""

    def files(self) -> list[str]:
        return folder_files(self.model)
