"""Settings of the paper's masks: a detector's boxes, and SAM's segments of them."""

from typing import ClassVar, Literal

from dreamrelation.settings.base import Count, Share
from dreamrelation.settings.kinds import Detector
from dreamrelation.settings.segmenters import SegmenterSettings


class GroundedSamSettings(SegmenterSettings):
    """A detector's boxes, matched with the subjects, and SAM's segments of them, from official checkpoints."""

    implementation: ClassVar[str] = "dreamrelation.segmentation.grounded_sam.segmenter:GroundedSam"

    kind: Literal["grounded_sam"] = "grounded_sam"
    detector: Detector
    """Who finds boxes."""
    key_frame_step: Count = 1
    """Frames from one that the detector sees to the next; between them boxes move with the joints, or evenly."""
    nms_iou: Share = 0.7
    """Boxes that overlap more than this are one."""
    checkpoint: str = "weights/sam_vit_h_4b8939.pth"
    """SAM's official checkpoint file, or a safetensors file of the same names."""
    architecture: str = "vit_h"
    """The SAM that the checkpoint is of: `vit_h`, `vit_l`, `vit_b`, or a YAML file with other sizes."""
    minimum_region_share: Share = 0.02
    """Islands and holes smaller than this share of a mask are removed."""

    def files(self) -> list[str]:
        described = [self.architecture] if self.architecture.endswith((".yaml", ".yml")) else []
        return [*self.detector.files(), self.checkpoint, *described]
