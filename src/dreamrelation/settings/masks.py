"""Settings of the masks stage."""

from typing import Annotated, Literal

from pydantic import Field

from dreamrelation.settings.base import Settings
from dreamrelation.settings.clips import Share


class GroundedSamSettings(Settings):
    """Grounding DINO boxes and SAM segments, from official checkpoints."""

    detector_checkpoint: str = "weights/groundingdino_swint_ogc.pth"
    detector_config: str | None = None
    """A Grounding DINO config file; `None`: the Swin-T one that comes with `groundingdino-py`."""
    text_encoder: str = "google-bert/bert-base-uncased"
    """Hub id or local folder of the BERT that Grounding DINO reads prompts with."""
    segmenter_checkpoint: str = "weights/sam_vit_h_4b8939.pth"
    segmenter_model: Literal["vit_h", "vit_l", "vit_b"] = "vit_h"
    prompt: str = "person."
    """Lower-case noun phrases, each ended by a dot."""
    box_threshold: Share = 0.35
    text_threshold: Share = 0.25
    nms_iou: Share = 0.7
    """Boxes that overlap more than this are one."""
    batch_size: Annotated[int, Field(ge=1)] = 8
    """Frames per forward pass."""


class GrabCutSettings(Settings):
    """Boxes and seeds from the NTU joints, OpenCV's GrabCut; needs no weights."""

    iterations: Annotated[int, Field(ge=1)] = 3
    bone_thickness_share: Share = 0.05
    """Thickness of the sure foreground drawn along the bones, over the body's height."""
    reach_share: Share = 0.11
    """Distance from the bones beyond which pixels are surely background, over the body's height."""
    head_radius_share: Share = 0.14
    """Radius of the head around its joint, over the body's height."""


class MaskSettings(Settings):
    """Masks of the two subjects."""

    segmenter: Literal["grounded_sam", "skeleton_grabcut"] = "grounded_sam"
    grounded_sam: GroundedSamSettings = GroundedSamSettings()
    skeleton_grabcut: GrabCutSettings = GrabCutSettings()
    working_scale: Annotated[float, Field(gt=0, le=4)] = 1.0
    """Size at which frames are segmented, relative to the frames that the model sees."""
    minimum_joints_inside: Share = 0.5
    """Share of a body's tracked joints that its mask must hold, else the clip is refused."""
    maximum_area_jump: Annotated[float, Field(gt=1)] = 4.0
    """A subject's area may change by this factor from one frame to the next, else the clip is refused."""
    truth: str | None = None
    """Parquet file with true masks of the source clips, to report the intersection over union."""
