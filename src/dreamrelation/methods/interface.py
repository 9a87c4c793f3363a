"""What training and generation ask of a method, and what most methods answer alike."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn

from dreamrelation.backbones.interface import Backbone, Denoiser, TextEmbeddings, TextEncoder
from dreamrelation.relations import Relation
from dreamrelation.roles import Role
from dreamrelation.settings.prompts import Prompt
from dreamrelation.texts.cache import TextCache


class OpenModel:
    """The model that a method works on. The text encoder is loaded only for a method that asks for it."""

    def __init__(self, backbone: Backbone, texts: TextCache) -> None:
        self.backbone = backbone
        self.texts = texts
        self.denoiser: Denoiser = backbone.denoiser()

    @cached_property
    def text_encoder(self) -> TextEncoder:
        return self.backbone.text_encoder()


@dataclass(frozen=True)
class PredictedStep:
    """What a method's loss is made of: one forward pass of a training step."""

    predicted: Tensor
    """(B, C, f, h, w) v̂."""
    target: Tensor
    """(B, C, f, h, w) v."""
    noisy: Tensor
    """(B, C, f, h, w) z_σ, what the model was shown."""
    sigma: Tensor
    """(B,)."""
    role: Role | None
    clips: list[str]
    """Names of the clips of all processes that train together, in order, of which this one has B."""
    masks: dict[Role, Tensor]
    """(B, f, h, w) in [0, 1] on the CPU, of the relation and of each subject."""
    randomness: tuple[int | str, ...]
    """Where random numbers of this pass are derived from, after their purpose."""

    @property
    def predicted_clean(self) -> Tensor:
        """(B, C, f, h, w) ẑ = z_σ + σ·v̂, the clean latents that the prediction implies."""
        return self.noisy + self.sigma.view(-1, 1, 1, 1, 1) * self.predicted


@dataclass(frozen=True)
class StepLoss:
    """The loss of one forward pass."""

    total: Tensor
    terms: dict[str, Tensor] = field(default_factory=dict)
    """Its terms by name, before their weights; one that does not apply is left out."""

    def detached(self) -> "StepLoss":
        """The numbers without what is needed for their gradients."""
        return StepLoss(self.total.detach(), {name: term.detach() for name, term in self.terms.items()})


class Method(Protocol):
    """What generation asks of any method: `load`, then `text` and `condition`.

    The model's answers then carry what the method leaves on, in both branches of guidance. A class is built from its
    kind's settings.
    """

    def text(self, relation: Relation, prompt: Prompt) -> str:
        """What the model is given for a prompt in generation."""
        ...

    def condition(self, texts: list[str]) -> TextEmbeddings:
        """Embeddings of texts of this method, and of the empty text; may carry gradients."""
        ...

    def load(self, model: OpenModel, grid: tuple[int, int, int], folder: Path) -> list[Path]:
        """Put what generation uses into the model, all frozen; returns the files that were read.

        Raises UserError where a file is missing or does not fit the settings.
        """
        ...


class TrainedMethod(Method, Protocol):
    """A way to teach a frozen video model a relation: `attach`, then per step `activate`, `condition` and `loss`; at
    the end `save`. Its settings extend `TrainedMethodSettings`.
    """

    @property
    def roles(self) -> tuple[Role, ...]:
        """What a step may be about, of which one is drawn uniformly; who stands here twice is drawn twice as often.

        Empty: every step is about everything.
        """
        ...

    def attach(self, model: OpenModel, grid: tuple[int, int, int], seed: int) -> None:
        """Put what is trained into the model, for latents of the grid (f, h, w); the same for the same seed."""
        ...

    def parameters(self) -> dict[str, nn.Parameter]:
        """Everything that is ever trained, float32, by names that stay the same from run to run."""
        ...

    def activate(self, role: Role | None) -> dict[str, nn.Parameter]:
        """Make exactly what a step of this role trains take part and require gradients; returns it.

        What takes no part gets no gradient at all, so that the optimizer neither moves nor decays it.
        """
        ...

    def activate_as_used(self) -> None:
        """Make exactly what generation leaves on take part."""
        ...

    def training_text(self, caption: str) -> str:
        """The text of a clip in training."""
        ...

    def noise_levels(self, uniform: Tensor) -> Tensor:
        """σ (B,) from uniform numbers (B,): the inverse of the distribution function that the method draws from."""
        ...

    def loss(self, step: PredictedStep) -> StepLoss:
        """The loss; may remember the step for later ones."""
        ...

    def state(self) -> dict[str, Any]:
        """All that changes in training beside parameters and optimizer: tensors and plain containers."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a `state`."""
        ...

    def save(self, folder: Path, facts: dict[str, Any]) -> None:
        """Write what was trained into an empty folder: the same bytes for the same training."""
        ...


class PlainMethod:
    """What a method does that trains on the clips' own captions with σ uniform in [0, 1] and no roles."""

    model: OpenModel
    """Set by `attach` and `load`."""
    roles: tuple[Role, ...] = ()

    def activate_as_used(self) -> None:
        """There is nothing to switch: what is trained always takes part."""

    def training_text(self, caption: str) -> str:
        return caption

    def text(self, relation: Relation, prompt: Prompt) -> str:
        return prompt.text(relation)

    def condition(self, texts: list[str]) -> TextEmbeddings:
        return self.model.texts.look_up(texts)

    def noise_levels(self, uniform: Tensor) -> Tensor:
        return uniform

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """There is nothing to take up."""
