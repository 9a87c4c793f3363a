"""LoRA methods: DreamRelation's triplet with hybrid mask training and RCL, direct LoRA, and their ablations."""

from pathlib import Path
from typing import Any

from torch import nn, zeros_like

from dreamrelation.losses.region import region_loss
from dreamrelation.methods.contrastive import ContrastiveMethod, ContrastiveTerm
from dreamrelation.methods.interface import OpenModel, PredictedStep, StepLoss
from dreamrelation.methods.lora.activation import AdapterSwitch
from dreamrelation.methods.lora.files import file_of
from dreamrelation.methods.lora.placement import adapter_parameters, adapters_of, place, tuner_layers
from dreamrelation.methods.lora.roles import active_adapters
from dreamrelation.methods.lora.settings import LoraSettings
from dreamrelation.methods.lora.storage import load_adapter, save_adapter
from dreamrelation.roles import Role, mask_of


class Lora(ContrastiveMethod):
    """Implements `TrainedMethod`."""

    def __init__(self, settings: LoraSettings) -> None:
        self.settings = settings
        # One of them is drawn uniformly, so a role stands here as often as it weighs.
        weights = settings.role_weights if settings.hybrid_masks else {}
        self.roles = tuple(role for role, weight in weights.items() for _ in range(weight))
        self.contrast = ContrastiveTerm(settings.contrastive)

    def attach(self, model: OpenModel, grid: tuple[int, int, int], seed: int) -> None:
        self.model = model
        place(model.denoiser, self.settings.placement, self.settings.rank, self.settings.alpha, seed)
        self.switch = AdapterSwitch(model.denoiser.module)

    def parameters(self) -> dict[str, nn.Parameter]:
        module = self.model.denoiser.module
        return {n: p for adapter in self.settings.placement for n, p in adapter_parameters(module, adapter).items()}

    def activate(self, role: Role | None) -> dict[str, nn.Parameter]:
        return self.switch.activate(active_adapters(role, tuple(self.settings.placement)))

    def activate_as_used(self) -> None:
        self.switch.activate(self.settings.inference_adapters)

    def loss(self, step: PredictedStep) -> StepLoss:
        mask = zeros_like(step.predicted[:, 0])
        if step.role is not None:
            mask = step.masks[mask_of(step.role)].to(step.predicted)
        settings = self.settings
        total = region_loss(step.predicted, step.target, mask, settings.mask_weight, settings.mask_weighting)
        return self.contrast.added(StepLoss(total, {"reconstruction": total}), step)

    def save(self, folder: Path, facts: dict[str, Any]) -> None:
        for adapter in self.settings.placement:
            save_adapter(self.model.denoiser, adapter, folder, facts)

    def load(self, model: OpenModel, grid: tuple[int, int, int], folder: Path) -> list[Path]:
        self.model = model
        used = {name: self.settings.placement[name] for name in self.settings.inference_adapters}
        place(model.denoiser, used, self.settings.rank, self.settings.alpha, seed=0)
        for adapter in used:
            load_adapter(model.denoiser, adapter, folder)
        for layer in tuner_layers(model.denoiser.module):
            for adapter in adapters_of(layer):
                layer.set_scale(adapter, self.settings.inference_scale)
        AdapterSwitch(model.denoiser.module).activate(tuple(used))
        model.denoiser.module.requires_grad_(False)
        return [file_of(folder, adapter) for adapter in used]
