"""Settings of the masks that SAM 2 follows through a clip."""

from typing import ClassVar, Literal

from dreamrelation.local_models import folder_files
from dreamrelation.settings.base import Count, Share
from dreamrelation.settings.kinds import Detector
from dreamrelation.settings.segmenters import SegmenterSettings


class Sam2Settings(SegmenterSettings):
    """SAM 2 video (transformers' `sam2_video`): asked once, in the frame in which the two are farthest apart, and
    followed from there both ways."""

    implementation: ClassVar[str] = "dreamrelation.segmentation.sam2.segmenter:Sam2"

    kind: Literal["sam2"] = "sam2"
    model: str = "facebook/sam2.1-hiera-large"
    """Hub id or local folder of the model and its processor."""
    detector: Detector | None = None
    """Who finds boxes in clips without skeletons, which cannot do without."""
    key_frame_step: Count = 5
    """Every so many frames a detector looks for the frame in which the two are farthest apart."""
    nms_iou: Share = 0.7
    """Boxes that overlap more than this are one."""
    minimum_region_share: Share = 0.02
    """Islands and holes smaller than this share of a mask are removed."""

    def files(self) -> list[str]:
        own = folder_files(self.model)
        return own if self.detector is None else [*self.detector.files(), *own]
