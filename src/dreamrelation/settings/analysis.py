"""Settings of the analysis."""

from typing import Annotated, Literal

from pydantic import Field

from dreamrelation.settings.base import Settings


class SubspaceSettings(Settings):
    """How alike the subspaces of the attention's query, key and value matrices are."""

    ranks: Annotated[int, Field(ge=1, le=4096)] = 64
    """The similarity is taken of the first r singular vectors, for each r up to this, or to as many as there are."""
    method: Literal["auto", "exact", "randomized"] = "auto"
    """`randomized` is fast and knows how far off it is; `auto`: where that is more than `tolerance`, exact."""
    tolerance: Annotated[float, Field(gt=0, lt=1)] = 0.01
    """Largest error of a similarity that `auto` lets pass, at any r."""


class AnalysisSettings(Settings):
    """What is looked at in the model itself."""

    subspaces: SubspaceSettings | None = SubspaceSettings()
    """`None`: not."""
