"""Settings of the terms that a method may add to its loss."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dreamrelation.settings.base import Component, Count


class ContrastiveSettings(Component):
    """Space-time relational contrastive loss (RCL)."""

    implementation: ClassVar[str] = "dreamrelation.losses.contrastive:RelationalContrast"

    kind: Literal["relational_contrastive"] = "relational_contrastive"
    of: Literal["velocity", "clean_latents"] = "velocity"
    """What is contrasted: the predicted velocity, as in the paper, or the clean latents that it implies."""
    weight: Annotated[float, Field(gt=0)] = 0.01
    """λ₁."""
    positives: Count = 4
    """Dynamics of other clips that each clip is compared with; fewer while the memory holds fewer."""
    negatives: Count = 10
    """Single-frame features that it is compared with: its own first, then remembered ones."""
    temperature: Annotated[float, Field(gt=0)] = 0.07
    """τ."""
    memory_clips: Count = 10
    """Clips whose dynamics are remembered as positives."""
    memory_frames: Count = 64
    """Single-frame features that are remembered as negatives."""
