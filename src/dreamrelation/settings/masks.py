"""Settings of the masks stage."""

from typing import Annotated, Literal

from pydantic import Field

from dreamrelation.settings.base import Settings
from dreamrelation.settings.clips import Share


class GroundedSamSettings(Settings):
    """Grounding DINO boxes and SAM segments, from official checkpoints."""

    detector_checkpoint: str = "weights/groundingdino_swint_ogc.pth"
    """Grounding DINO's official checkpoint file."""
    detector_config: str | None = None
    """A Grounding DINO config file; `None`: the Swin-T one that comes with `groundingdino-py`."""
    text_encoder: str = "google-bert/bert-base-uncased"
    """Hub id or local folder of the BERT that Grounding DINO reads prompts with."""
    segmenter_checkpoint: str = "weights/sam_vit_h_4b8939.pth"
    """SAM's official checkpoint file."""
    segmenter_model: Literal["vit_h", "vit_l", "vit_b"] = "vit_h"
    """The SAM that the checkpoint is of."""
    prompt: str = "person."
    """Lower-case noun phrases, each ended by a dot."""
    box_threshold: Share = 0.35
    """A box counts if its best score, over all tokens of the prompt, is above this."""
    text_threshold: Share = 0.25
    """And if its best score over the prompt's words is above this."""
    nms_iou: Share = 0.7
    """Boxes that overlap more than this are one."""
    detector_short_side: Annotated[int, Field(ge=32)] = 800
    """Frames are resized to this for the detector, their long side to at most 5/3 of it, as the authors do."""
    minimum_region_share: Share = 0.02
    """Islands and holes smaller than this share of a mask are removed."""
    batch_size: Annotated[int, Field(ge=1)] = 8
    """Frames per forward pass."""


class GrabCutSettings(Settings):
    """Boxes and seeds from the NTU joints, OpenCV's GrabCut; needs no weights."""

    iterations: Annotated[int, Field(ge=1)] = 2
    """Rounds of GrabCut per frame."""
    head_radius_share: Share = 0.155
    """Radius of the head around its joint. This and the other shares are of the body's height along its bones, from
    the head's joint to the ankle. The defaults are the puppets'; a grown-up's head has about 0.09."""
    torso_radius_share: Share = 0.112
    """Half the thickness of the trunk."""
    leg_radius_share: Share = 0.052
    """Half the thickness of thighs and shins."""
    limb_radius_share: Share = 0.045
    """Half the thickness of arms, neck and feet."""
    sure_share: Share = 0.75
    """This share of those radii is surely the body; between it and the whole radius it is so probably."""
    reach_share: Share = 0.04
    """Distance from the drawn outline beyond which pixels are surely background."""
    contested_share: Share = 0.04
    """Pixels nearer than this to both outlines are contested; colours decide, learnt from pixels that are not."""
    order_weight: Annotated[float, Field(ge=0)] = 3.0
    """Weight of who stands in front, found from the colours where both outlines overlap, beside a pixel's colour."""


class MaskSettings(Settings):
    """Masks of the two subjects."""

    segmenter: Literal["grounded_sam", "skeleton_grabcut"] = "grounded_sam"
    """Who finds the bodies' pixels; its settings are in the section of its name, the other section is not used."""
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
