"""LoRA methods: DreamRelation's triplet with hybrid mask training and RCL, direct LoRA, and their ablations."""

from pathlib import Path
from typing import Any

from torch import Tensor, nn, zeros_like

from dreamrelation.losses.region import region_loss
from dreamrelation.methods.interface import OpenModel, PlainMethod, PredictedStep, StepLoss
from dreamrelation.methods.lora.activation import activate
from dreamrelation.methods.lora.placement import adapter_parameters, place
from dreamrelation.methods.lora.roles import active_adapters
from dreamrelation.methods.lora.settings import LoraSettings
from dreamrelation.methods.lora.storage import file_of, load_adapter, save_adapter
from dreamrelation.randomness import generator_for
from dreamrelation.roles import ROLES, Role
from dreamrelation.settings.registry import implementation_of


class Lora(PlainMethod):
    """Implements `TrainedMethod`."""

    def __init__(self, settings: LoraSettings) -> None:
        self.settings = settings
        self.roles = ROLES if settings.hybrid_masks else ()
        contrast = settings.contrastive
        self.contrast = None if contrast is None else implementation_of(contrast)(contrast)

    def attach(self, model: OpenModel, grid: tuple[int, int, int], seed: int) -> None:
        self.model = model
        place(model.denoiser, self.settings.placement, self.settings.rank, self.settings.alpha, seed)

    def parameters(self) -> dict[str, nn.Parameter]:
        module = self.model.denoiser.module
        return {n: p for adapter in self.settings.placement for n, p in adapter_parameters(module, adapter).items()}

    def activate(self, role: Role | None) -> dict[str, nn.Parameter]:
        return activate(self.model.denoiser.module, active_adapters(role, tuple(self.settings.placement)))

    def loss(self, step: PredictedStep) -> StepLoss:
        mask = zeros_like(step.predicted[:, 0]) if step.role is None else step.masks[step.role].to(step.predicted)
        settings = self.settings
        total = region_loss(step.predicted, step.target, mask, settings.mask_weight, settings.mask_weighting)
        terms = {"reconstruction": total}
        contrastive = self._contrastive(step)
        if contrastive is not None and settings.contrastive is not None:
            terms["contrastive"] = contrastive
            total = total + settings.contrastive.weight * contrastive
        return StepLoss(total, terms)

    def _contrastive(self, step: PredictedStep) -> Tensor | None:
        """RCL where the relation is learnt: in steps that draw the relation, or in all steps of a method without roles.

        In a subject's step the relation adapter is off, and the loss would teach the relation to an appearance.
        """
        if self.contrast is None or step.role not in ("relation", None):
            return None
        return self.contrast(step.predicted, step.clips, generator_for("contrast", *step.randomness))

    def state(self) -> dict[str, Any]:
        return {} if self.contrast is None else {"memory": self.contrast.memory.state()}

    def restore(self, state: dict[str, Any]) -> None:
        if self.contrast is not None:
            self.contrast.memory.restore(state["memory"])

    def save(self, folder: Path, facts: dict[str, Any]) -> None:
        facts = {**facts, "rank": self.settings.rank, "alpha": self.settings.alpha}
        for adapter in self.settings.placement:
            save_adapter(self.model.denoiser, adapter, folder, facts)

    def load(self, model: OpenModel, grid: tuple[int, int, int], folder: Path) -> list[Path]:
        self.model = model
        used = {name: self.settings.placement[name] for name in self.settings.inference_adapters}
        place(model.denoiser, used, self.settings.rank, self.settings.alpha, seed=0)
        for adapter in used:
            load_adapter(model.denoiser, adapter, folder)
        activate(model.denoiser.module, tuple(used))
        model.denoiser.module.requires_grad_(False)
        return [file_of(folder, adapter) for adapter in used]
