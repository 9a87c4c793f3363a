"""Which modules an adapter sits on, and putting it there with peft."""

from collections.abc import Mapping

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

from dreamrelation.backbones.interface import Denoiser, projection_modules


def place(denoiser: Denoiser, placement: Mapping[str, tuple[str, ...]], rank: int, alpha: int, seed: int) -> None:
    """Add the adapters of `placement` to the transformer: A Kaiming-uniform, B zero, float32, none active.

    Raises as `projection_modules` where a projection matches no module.
    """
    for number, (adapter, projections) in enumerate(placement.items()):
        names = projection_modules(denoiser, projections)
        config = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=0.0, bias="none", target_modules=names)
        torch.manual_seed(1000 * seed + number)
        inject_adapter_in_model(config, denoiser.module, adapter_name=adapter)
    for layer in tuner_layers(denoiser.module):
        for parameter in adapter_parameters_of(layer):
            parameter.data = parameter.data.float()
    denoiser.module.to(denoiser.device)


def tuner_layers(module: nn.Module) -> list[BaseTunerLayer]:
    """All layers that carry adapters."""
    return [layer for layer in module.modules() if isinstance(layer, BaseTunerLayer)]


def adapter_parameters_of(layer: BaseTunerLayer) -> list[nn.Parameter]:
    """Parameters of every adapter of one layer."""
    return [
        parameter
        for kind in layer.adapter_layer_names
        for modules in (getattr(layer, kind),)
        if isinstance(modules, nn.ModuleDict)
        for parameter in modules.parameters()
    ]


def adapter_parameters(module: nn.Module, adapter: str) -> dict[str, nn.Parameter]:
    """Names and parameters of one adapter. Raises KeyError where the model does not have it."""
    marks = (f".lora_A.{adapter}.", f".lora_B.{adapter}.")
    found = {name: parameter for name, parameter in module.named_parameters() if any(mark in name for mark in marks)}
    if not found:
        raise KeyError(f"the transformer carries no adapter {adapter!r}")
    return found
