"""Settings of the adapters and of their training. A method is a handful of overrides of these."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from dreamrelation.roles import ADAPTERS, PROJECTIONS, Projection
from dreamrelation.settings.base import Settings
from dreamrelation.settings.clips import Share

PAPER_PLACEMENT: dict[str, tuple[Projection, ...]] = {
    "relation": ("query", "key"),
    "subject1": ("value",),
    "subject2": ("value",),
    "ffn": ("output",),
}
"""Relation LoRA triplet, section 3.2 of the paper: which adapter sits on which projections."""


class ContrastiveSettings(Settings):
    """Space-time relational contrastive loss (RCL)."""

    weight: Annotated[float, Field(ge=0)] = 0.01
    """λ₁. 0: no contrastive loss."""
    positives: Annotated[int, Field(ge=1)] = 4
    """Dynamics of other clips that each clip is compared with; fewer while the memory holds fewer."""
    negatives: Annotated[int, Field(ge=1)] = 10
    """Single-frame features that it is compared with: its own first, then remembered ones."""
    temperature: Annotated[float, Field(gt=0)] = 0.07
    """τ."""
    memory_clips: Annotated[int, Field(ge=1)] = 10
    """Clips whose dynamics are remembered as positives."""
    memory_frames: Annotated[int, Field(ge=1)] = 64
    """Single-frame features that are remembered as negatives."""


class TrainingSettings(Settings):
    """One method's training."""

    placement: dict[str, tuple[Projection, ...]] = PAPER_PLACEMENT
    """Adapter → projections it sits on, in the visual and the text branch of every block. Empty: the base model."""
    inference_adapters: tuple[str, ...] = ("relation", "ffn")
    """Adapters that generation loads; subjects stay out so that no appearance leaks."""
    hybrid_masks: bool = True
    """Hybrid mask training: draw a role each step and weight the loss with its mask. Off: plain velocity loss."""
    mask_weight: Annotated[float, Field(ge=0)] = 50.0
    """λ_m: cells inside the mask count λ_m + 1 times."""
    mask_weighting: Literal["linear", "released_code"] = "linear"
    """`released_code` puts the weight inside the square, where it counts twice."""
    contrastive: ContrastiveSettings = ContrastiveSettings()
    normalise_latents: Literal["per_channel", "released_code"] = "per_channel"
    """Noise the latents in the transformer's space; `released_code` noises the raw ones."""
    rank: Annotated[int, Field(ge=1)] = 16
    """Rank of every adapter's matrices."""
    alpha: Annotated[int, Field(ge=1)] = 16
    """An adapter's output is scaled by alpha / rank."""
    learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    """AdamW's, at its highest, after the warm-up."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """AdamW's; only adapters that take part in a step decay in it."""
    warmup_steps: Annotated[int, Field(ge=0)] = 200
    """Steps of linear warm-up; then half a cosine down to nothing."""
    steps: Annotated[int, Field(ge=1)] = 2400
    """Steps in all, warm-up included."""
    batch_size: Annotated[int, Field(ge=1)] = 1
    """Clips per step."""
    caption_dropout: Share = 0.1
    """Share of captions that are replaced by the empty one, as guidance needs."""
    gradient_norm: Annotated[float, Field(gt=0)] | None = None
    """Gradients are clipped to this norm; `None`: never, as in the paper."""
    checkpoint_every: Annotated[int, Field(ge=1)] = 200
    """Steps between two saved states from which a killed training goes on."""

    @property
    def trains(self) -> bool:
        return bool(self.placement)

    @model_validator(mode="after")
    def _consistent(self) -> "TrainingSettings":
        for adapter, projections in self.placement.items():
            if adapter not in ADAPTERS:
                raise ValueError(f"placement names the adapter {adapter!r}, expected some of {', '.join(ADAPTERS)}")
            if not projections:
                raise ValueError(
                    f"placement gives {adapter!r} no projection, expected some of {', '.join(PROJECTIONS)}"
                )
        if self.trains:
            unknown = [a for a in self.inference_adapters if a not in self.placement]
            if unknown or not self.inference_adapters:
                raise ValueError(
                    f"inference_adapters is {list(self.inference_adapters)}, expected some of {list(self.placement)}"
                )
        if self.hybrid_masks and self.trains and "direct" in self.placement:
            raise ValueError("hybrid_masks needs adapters with roles; the adapter 'direct' has none")
        if self.warmup_steps > self.steps:
            raise ValueError(f"warmup_steps {self.warmup_steps} is more than steps {self.steps}")
        return self
