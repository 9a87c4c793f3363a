"""Settings that methods share."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.settings.base import Component, Count, Settings, Share


class TrainingSettings(Settings):
    """How a method is trained; a method may differ in each of these."""

    optimizer: Literal["adamw", "adamw_8bit"] = "adamw"
    """`adamw_8bit`: AdamW's two moments in 8 bits (torchao, requirements-quantised.txt), a quarter of their memory and
    other numbers."""
    learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    """AdamW's, at its highest, after the warm-up."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """AdamW's; only parameters that take part in a step decay in it."""
    warmup_steps: Annotated[int, Field(ge=0, le=10_000_000)] = 200
    """Steps of linear warm-up; then half a cosine down to nothing."""
    steps: Annotated[int, Field(ge=1, le=10_000_000)] = 2400
    """Steps in all, warm-up included."""
    batch_size: Count = 1
    """Clips per forward pass."""
    exemplars: Count | None = None
    """Clips to learn from, the first of those that were selected; `None`: all of them."""
    accumulation: Count = 1
    """Forward passes per step, whose gradients are averaged."""
    caption_dropout: Share = 0.1
    """Share of captions that are replaced by the empty one, as guidance needs."""
    gradient_norm: Annotated[float, Field(gt=0)] | None = None
    """Gradients are clipped to this norm; `None`: never, as in the paper."""
    normalise_latents: Literal["per_channel", "released_code"] = "per_channel"
    """Noise the latents in the transformer's space; `released_code` noises the raw ones."""
    validate_every: Count | None = None
    """Steps between two looks at the clips of `clips.held_out`: the loss of the velocity at five noise levels, without
    sampling. `None`: never."""
    snapshots: tuple[Count, ...] = ()
    """Steps after which what is learned so far is kept, and videos of it are made: `samples/step_N/`."""
    noise_shift: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """Noise levels of training are pushed towards noise, σ' = sσ/(1 + (s − 1)σ). 1: not at all, as in the paper. More:
    a method learns more of what moves where, and less of colours and clothes, which are decided near the end."""


class MethodSettings(Component):
    """A method, by its kind. Extended by the settings of each kind."""

    trains: ClassVar[bool] = False
    """Whether there is anything to train, and so anything to load for generation."""
    exporter: ClassVar[str | None] = None
    """Import path of the class that writes what was learned for other programs; see `methods.exporter.Exporter`."""

    def as_trained(self) -> Self:
        """The same without what generation alone looks at, which must not make training run again."""
        return self

    def check_backbone(self, spec: BackboneSpec) -> None:
        """Raise UserError where the method does not fit a model of this kind."""


class TrainedMethodSettings(TrainingSettings, MethodSettings):
    """A method that trains something."""

    trains: ClassVar[bool] = True

    adapters_of: str | None = None
    """Another method of the experiment whose adapters this one generates with, instead of being trained: all its
    settings are that method's but those whose names begin with `inference_`."""

    @model_validator(mode="after")
    def _steps_fit(self) -> "TrainedMethodSettings":
        if self.warmup_steps > self.steps:
            raise ValueError(f"warmup_steps {self.warmup_steps} is more than steps {self.steps}")
        if any(step >= self.steps for step in self.snapshots) or len(set(self.snapshots)) < len(self.snapshots):
            found = list(self.snapshots)
            raise ValueError(f"snapshots is {found}, expected different steps before the last one, {self.steps}")
        return self
