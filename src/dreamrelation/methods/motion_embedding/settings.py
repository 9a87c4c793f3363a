"""Settings of motion embeddings, with MotionInversion's numbers."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.settings.base import Count
from dreamrelation.settings.losses import ContrastiveSettings
from dreamrelation.settings.methods import TrainedMethodSettings


class MotionEmbeddingSettings(TrainedMethodSettings):
    """MotionInversion: tensors that are added to the visual tokens before query, key and value of every block."""

    implementation: ClassVar[str] = "dreamrelation.methods.motion_embedding.method:MotionEmbedding"

    kind: Literal["motion_embedding"] = "motion_embedding"
    steps: Annotated[int, Field(ge=1, le=10_000_000)] = 3000
    """Steps in all, warm-up included."""
    grid_reduction: Count = 2
    """The embedding of the values has one place for so many tokens along each side, and is upsampled bilinearly. 1: one
    for every token, which is 2.6 billion numbers for Mochi at 61 × 480 × 848; 2: 657 million."""
    blocks: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] | None = None
    """Numbers of the blocks that have embeddings, from 0; `None`: all. Of a model with two transformers, those of the
    second follow."""
    contrastive: ContrastiveSettings | None = None
    """Our contrastive loss (RCL) on top; `None`, the default: without, as in the paper."""

    @field_validator("blocks")
    @classmethod
    def _each_once(cls, blocks: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if blocks is not None and len(set(blocks)) != len(blocks):
            raise ValueError(f"found {list(blocks)}, expected each block once")
        return blocks

    def check_backbone(self, spec: BackboneSpec) -> None:
        spec.check_projections(("query", "key", "value"))
