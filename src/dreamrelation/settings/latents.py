"""Settings of the latent cache."""

from typing import Literal

from dreamrelation.settings.base import Settings


class LatentSettings(Settings):
    """How masks come to the latent grid."""

    union: Literal["per_pixel", "released_code"] = "per_pixel"
    """Relation mask: union of the subjects' pixels before pooling; `released_code` adds the two pooled masks."""
    pooling: Literal["area", "released_code"] = "area"
    """Share of a latent cell's pixels; `released_code` marks a cell as soon as any pixel is inside."""
