"""Which modules an adapter sits on, and putting it there with peft."""

from collections.abc import Mapping
from typing import cast

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from torch.nn import functional

from dreamrelation.backbones.interface import Denoiser, projection_modules


def place(denoiser: Denoiser, placement: Mapping[str, tuple[str, ...]], rank: int, alpha: int, seed: int) -> None:
    """Add the adapters of `placement` to the transformer: A Kaiming-uniform, B zero, float32.

    Raises as `projection_modules` where a projection matches no module.
    """
    for number, (adapter, projections) in enumerate(placement.items()):
        names = projection_modules(denoiser, projections)
        config = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=0.0, bias="none", target_modules=names)
        torch.manual_seed(1000 * seed + number)
        inject_adapter_in_model(config, denoiser.module, adapter_name=adapter)
    for layer in tuner_layers(denoiser.module):
        layer.cast_input_dtype_enabled = False
        for matrices in (layer.lora_A, layer.lora_B):
            for adapter in placement:
                if adapter in matrices:
                    matrices[adapter] = AdapterLinear(cast(nn.Linear, matrices[adapter]).weight, denoiser.device)


class AdapterLinear(nn.Module):
    """One matrix of an adapter: kept and trained in float32, multiplied in the precision of what comes in.

    peft would copy each layer's input to float32, and keep the copies for the backward pass: those of query, key, value
    and output of 48 blocks are 41 GB for the 17,490 tokens of 61 frames of Mochi.
    """

    def __init__(self, weight: Tensor, device: torch.device) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.detach().to(device, torch.float32))

    def forward(self, inputs: Tensor) -> Tensor:
        return functional.linear(inputs, self.weight.to(inputs.dtype))


def tuner_layers(module: nn.Module) -> list[LoraLayer]:
    """All layers that carry adapters."""
    return [layer for layer in module.modules() if isinstance(layer, LoraLayer)]


def adapters_of(layer: LoraLayer) -> set[str]:
    """Names of the adapters of one layer."""
    return {name for kind in layer.adapter_layer_names for name in getattr(layer, kind)}


def adapter_parameters(module: nn.Module, adapter: str) -> dict[str, nn.Parameter]:
    """Names and parameters of one adapter. Raises KeyError where the model does not have it."""
    marks = (f".lora_A.{adapter}.", f".lora_B.{adapter}.")
    found = {name: parameter for name, parameter in module.named_parameters() if any(mark in name for mark in marks)}
    if not found:
        raise KeyError(f"the transformer carries no adapter {adapter!r}")
    return found
