"""A tiny model with adapters that are not zero: its answer and its gradients."""

import torch
from torch import Tensor, nn

from dreamrelation.backbones.interface import Denoiser, TextEmbeddings
from dreamrelation.methods.lora.activation import AdapterSwitch
from dreamrelation.methods.lora.placement import place
from dreamrelation.settings.model import ModelSettings
from tests.tiny_models import opened

PLACEMENT = {"relation": ("query", "key"), "ffn": ("output",)}
EXACT_MODES: dict[str, dict[str, object]] = {
    "checkpointing": {"gradient_checkpointing": True},
    "every other block": {"gradient_checkpointing": 2},
    "streaming": {"gradient_checkpointing": True, "stream_weights": True},
}
"""What saves memory and changes no bit: settings of the machine."""
QUANTISED_TOLERANCE = {"int8": (0.03, 0.99), "float8": (0.08, 0.97), "nf4": (0.4, 0.8)}
"""Relative error of the answer, and cosine of the gradients, against bfloat16; 4 bits are coarse on a width of 32."""


def with_adapters(settings: ModelSettings, **machine: object) -> tuple[Denoiser, dict[str, nn.Parameter]]:
    """A model with adapters that are not zero, and their parameters."""
    denoiser = opened(settings, **machine).denoiser()
    place(denoiser, PLACEMENT, rank=2, alpha=2, seed=0)
    parameters = AdapterSwitch(denoiser.module).activate(tuple(PLACEMENT))
    generator = torch.Generator().manual_seed(1)
    for parameter in parameters.values():
        parameter.data = 0.3 * torch.randn(parameter.shape, generator=generator).to(parameter.device)
    return denoiser, parameters


def answer_and_gradients(
    denoiser: Denoiser, parameters: dict[str, nn.Parameter], sigma: float = 0.5, lengths: int | tuple[int, int] = (5, 9)
) -> tuple[Tensor, Tensor]:
    """v̂ of two clips, flat, and all gradients of a loss of it, flat; where there is none, zero.

    `lengths`: how many tokens of the two texts count.
    """
    generator = torch.Generator().manual_seed(0)
    noisy = torch.randn(2, denoiser.channels, 2, 4, 6, generator=generator).to(denoiser.device)
    features = torch.randn(2, 32, 64, generator=generator)
    counted = torch.arange(32)[None] < torch.tensor(lengths).view(-1, 1).expand(2, 1)
    texts = TextEmbeddings(features, counted, torch.randn(2, denoiser.pooled_width, generator=generator))
    answer = denoiser.velocity(noisy, torch.full((2,), sigma, device=denoiser.device), texts)
    answer.square().mean().backward()
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters.values()]
    return answer.detach().flatten(), torch.cat([gradient.flatten() for gradient in gradients])


def with_precision(settings: ModelSettings, precision: str) -> ModelSettings:
    """The same model with another precision of its denoiser."""
    precisions = settings.precision.model_copy(update={"denoiser": precision})
    return settings.model_copy(update={"precision": precisions})
