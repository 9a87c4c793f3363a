"""Settings of the masks without weights."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dreamrelation.settings.base import Count, Share
from dreamrelation.settings.segmenters import SegmenterSettings


class SkeletonGrabCutSettings(SegmenterSettings):
    """Boxes and seeds from the NTU joints, OpenCV's GrabCut; needs no weights."""

    implementation: ClassVar[str] = "dreamrelation.segmentation.skeleton_grabcut.segmenter:SkeletonGrabCut"

    kind: Literal["skeleton_grabcut"] = "skeleton_grabcut"

    iterations: Count = 2
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
