"""Settings of the masks."""

from typing import Annotated

from pydantic import Field

from dreamrelation.settings.base import Settings, Share
from dreamrelation.settings.kinds import Segmenter


class MaskSettings(Settings):
    """Masks of the two subjects."""

    segmenter: Segmenter
    """Who finds the bodies' pixels."""
    working_scale: Annotated[float, Field(gt=0, le=4)] = 1.0
    """Size at which frames are segmented, relative to the frames that the model sees."""
    minimum_joints_inside: Share = 0.5
    """Share of a body's tracked joints that its mask must hold, else the clip is refused."""
    maximum_area_jump: Annotated[float, Field(gt=1)] = 4.0
    """A subject's area may change by this factor from one frame to the next, else the clip is refused."""
    minimum_neighbour_iou: Share = 0.05
    """A subject's mask must overlap that of the frame before at least so much (intersection over union), else the
    clip is refused."""
    truth: str | None = None
    """Parquet file with true masks of the source clips, to report the intersection over union."""
