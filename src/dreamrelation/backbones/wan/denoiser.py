"""Wan's transformer, diffusers' `WanTransformer3DModel`.

The conventions of time and sign follow `WanPipeline`, whose timestep is 1000·σ and whose prediction is noise − clean,
the negative of our velocity.
"""

import torch
from diffusers import AutoencoderKLWan, WanPipeline, WanTransformer3DModel
from torch import Tensor, nn

from dreamrelation.backbones.interface import TextEmbeddings
from dreamrelation.backbones.statistics import LatentStatistics
from dreamrelation.backbones.transformer import open_transformer
from dreamrelation.backbones.weights import dtype_of, part_config, part_fingerprint
from dreamrelation.devices import choose_device
from dreamrelation.errors import UserError
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings

TIMESTEPS = 1000
EXPERTS = ("transformer", "transformer_2")
"""Of high and of low noise, by the names that they have in `WanPipeline`."""


class WanDenoiser(LatentStatistics):
    """The transformer, frozen. See `interface.Denoiser`.

    Raises UserError where weights or configuration are missing, broken, or those of another kind of Wan.
    """

    experts: tuple[str, ...] = EXPERTS[:1]

    pooled_width = 0

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        self.spec = settings.spec
        self.boundary = self._boundary(settings)
        self.device, self.dtype = choose_device(machine.device), dtype_of(settings, "denoiser")
        self.module: nn.Module = self._opened(settings, machine)
        super().__init__(part_config(AutoencoderKLWan, settings, "autoencoder's configuration", "vae"))
        if self.channels != self.mean.numel():
            raise UserError(
                f"model.path {settings.path!r}: its transformer takes {self.channels} channels, expected the"
                f" {self.mean.numel()} of its autoencoder; is it a model for text to video, and {settings.spec.title}?"
            )
        self.fingerprint = part_fingerprint(settings, "denoiser")

    def _boundary(self, settings: ModelSettings) -> float | None:
        """The noise level from which on the first of two experts answers; None where there is one transformer."""
        boundary = part_config(WanPipeline, settings, "model_index.json").get("boundary_ratio")
        if (boundary is None) != (len(self.experts) == 1):
            found = "no boundary_ratio" if boundary is None else f"the boundary_ratio {boundary}"
            expected = "none" if len(self.experts) == 1 else "one between the noise levels of two transformers"
            raise UserError(
                f"model.path {settings.path!r}: found {found} in model_index.json, expected {expected} for"
                f" {settings.spec.title}; is model.kind that of this model?"
            )
        return boundary

    def _opened(self, settings: ModelSettings, machine: MachineSettings) -> nn.Module:
        """What methods put their parameters into; sets `channels` and `text_width`."""
        return self._transformer(EXPERTS[0], settings, machine)

    def _transformer(self, name: str, settings: ModelSettings, machine: MachineSettings) -> nn.Module:
        transformer = open_transformer(WanTransformer3DModel, settings, machine, name, self.device)
        self.channels = int(transformer.config.in_channels)
        self.text_width = int(transformer.config.text_dim)
        return transformer

    def velocity(
        self, noisy: Tensor, sigma: Tensor, texts: TextEmbeddings, embedded_guidance: float | None = None
    ) -> Tensor:
        return self._answer(self.module, noisy, sigma, texts)

    def _answer(self, transformer: nn.Module, noisy: Tensor, sigma: Tensor, texts: TextEmbeddings) -> Tensor:
        """v̂ of one transformer. Its text is not masked: in `WanPipeline`, the zeros that fill it up take part.

        The time stays float32 whatever the precision, as in `WanPipeline`: bfloat16 would round it to multiples of 4.
        """
        answer = transformer(
            hidden_states=noisy.to(self.device, self.dtype),
            timestep=(TIMESTEPS * sigma).to(self.device, torch.float32),
            encoder_hidden_states=texts.embedding.to(self.device, self.dtype),
            return_dict=False,
        )[0]
        return -answer.float()
