"""Settings of the LoRA methods: DreamRelation's triplet, direct LoRA, and every ablation of placement and masks."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.methods.lora.roles import ADAPTERS
from dreamrelation.roles import ROLES, Role
from dreamrelation.settings.base import Count
from dreamrelation.settings.losses import ContrastiveSettings
from dreamrelation.settings.methods import TrainedMethodSettings

PAPER_PLACEMENT: dict[str, tuple[str, ...]] = {
    "relation": ("query", "key"),
    "subject1": ("value",),
    "subject2": ("value",),
    "ffn": ("output",),
}
"""Relation LoRA triplet, section 3.2 of the paper: which adapter sits on which projections."""

PAPER_ROLES: dict[Role, int] = dict.fromkeys(ROLES, 1)
"""Hybrid mask training draws the paper's three roles equally often."""


class LoraSettings(TrainedMethodSettings):
    """LoRA adapters on the attention's projections."""

    implementation: ClassVar[str] = "dreamrelation.methods.lora.method:Lora"

    exporter: ClassVar[str | None] = "dreamrelation.methods.lora.export:LoraExport"

    kind: Literal["lora"] = "lora"
    placement: Annotated[dict[str, tuple[str, ...]], Field(min_length=1)] = PAPER_PLACEMENT
    """Adapter → projections it sits on, in every block and every branch. One value: it is replaced as a whole."""
    inference_adapters: Annotated[tuple[str, ...], Field(min_length=1)] = ("relation", "ffn")
    """Adapters that generation loads; subjects stay out so that no appearance leaks."""
    inference_scale: Annotated[float, Field(ge=0, le=10)] = 1.0
    """How strongly generation applies them; 0: the base model."""
    hybrid_masks: bool = True
    """Hybrid mask training: draw a role each step and weight the loss with its mask. Off: plain velocity loss."""
    role_weights: dict[Role, Annotated[int, Field(ge=0, le=100)]] = PAPER_ROLES
    """How often hybrid mask training draws each role, relative to the others; one that is not named is never drawn.
    `relation_alone`, which the paper does not have, is the relation without the subjects, as generation shows it."""
    mask_weight: Annotated[float, Field(ge=0)] = 50.0
    """λ_m: cells inside the mask count λ_m + 1 times."""
    mask_weighting: Literal["linear", "released_code"] = "linear"
    """`released_code` puts the weight inside the square, where it counts twice."""
    contrastive: ContrastiveSettings | None = ContrastiveSettings()
    """The contrastive loss on top; `None`: without."""
    rank: Count = 16
    """Rank of every adapter's matrices."""
    alpha: Count = 16
    """An adapter's output is scaled by alpha / rank."""

    def as_trained(self) -> Self:
        return self.model_copy(update={"inference_scale": 1.0})

    def check_backbone(self, spec: BackboneSpec) -> None:
        for projections in self.placement.values():
            spec.check_projections(projections)

    @model_validator(mode="after")
    def _consistent(self) -> "LoraSettings":
        for adapter, projections in self.placement.items():
            if adapter not in ADAPTERS:
                raise ValueError(f"placement names the adapter {adapter!r}, expected some of {', '.join(ADAPTERS)}")
            if not projections:
                raise ValueError(f"placement gives {adapter!r} no projection, expected at least one")
        if any(adapter not in self.placement for adapter in self.inference_adapters):
            raise ValueError(
                f"inference_adapters is {list(self.inference_adapters)}, expected some of {list(self.placement)}"
            )
        if self.hybrid_masks and not any(self.role_weights.values()):
            raise ValueError(f"role_weights is {self.role_weights}, expected at least one role with a weight above 0")
        if self.hybrid_masks and "direct" in self.placement:
            raise ValueError("hybrid_masks needs adapters with roles; the adapter 'direct' has none")
        return self
