"""RCL on top of the loss of any method."""

from typing import TYPE_CHECKING, Any

from dreamrelation.methods.interface import PlainMethod, PredictedStep, StepLoss
from dreamrelation.randomness import generator_for
from dreamrelation.roles import is_of_relation
from dreamrelation.settings.losses import ContrastiveSettings
from dreamrelation.settings.registry import implementation_of

if TYPE_CHECKING:  # the loss is code of the methods that have it, and of no others
    from dreamrelation.losses.contrastive import RelationalContrast


class ContrastiveTerm:
    """λ₁·L_RCL where the relation is learnt; nothing at all for a method without it."""

    def __init__(self, settings: ContrastiveSettings | None) -> None:
        self.settings = settings
        self.contrast: RelationalContrast | None = None if settings is None else implementation_of(settings)(settings)

    def added(self, loss: StepLoss, step: PredictedStep) -> StepLoss:
        """The loss with this term, in steps that draw the relation, or in all steps of a method without roles.

        In a subject's step what learns the relation is off, and the loss would teach the relation to an appearance.
        """
        if self.contrast is None or self.settings is None or not is_of_relation(step.role):
            return loss
        contrasted = step.predicted if self.settings.of == "velocity" else step.predicted_clean
        term = self.contrast(contrasted, step.clips, generator_for("contrast", *step.randomness))
        if term is None:  # the memory holds no other clip yet
            return loss
        return StepLoss(loss.total + self.settings.weight * term, {**loss.terms, "contrastive": term})

    def state(self) -> dict[str, Any]:
        """What `restore` needs: the memory of earlier steps."""
        return {} if self.contrast is None else {"memory": self.contrast.memory.state()}

    def restore(self, state: dict[str, Any]) -> None:
        if self.contrast is not None:
            self.contrast.memory.restore(state["memory"])


class ContrastiveMethod(PlainMethod):
    """A method whose loss may have RCL on top; the memory of it is all that it remembers of earlier steps."""

    contrast: ContrastiveTerm
    """Set where the class is built."""

    def state(self) -> dict[str, Any]:
        return self.contrast.state()

    def restore(self, state: dict[str, Any]) -> None:
        self.contrast.restore(state)
