"""HunyuanVideo's transformer, diffusers' `HunyuanVideoTransformer3DModel`.

The conventions of time and sign follow `HunyuanVideoPipeline`, whose timestep is 1000·σ and whose prediction is noise −
clean, the negative of our velocity.
"""

from typing import Any

import torch
from diffusers import AutoencoderKLHunyuanVideo, HunyuanVideoTransformer3DModel
from torch import Tensor, nn

from dreamrelation.backbones.interface import TextEmbeddings
from dreamrelation.backbones.statistics import LatentStatistics, scale_alone
from dreamrelation.backbones.transformer import open_transformer
from dreamrelation.backbones.weights import dtype_of, part_config, part_fingerprint
from dreamrelation.devices import choose_device
from dreamrelation.errors import UserError
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings

TIMESTEPS = 1000
GUIDANCE_STEPS = 1000
"""The guidance that the model is told is multiplied by this."""
NOT_GUIDED = 1.0


class HunyuanVideoDenoiser(LatentStatistics):
    """The transformer, frozen. See `interface.Denoiser`.

    Raises UserError where weights or configuration are missing, broken, or those of a model that takes pictures too.
    """

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        self.spec = settings.spec
        self.device, self.dtype = choose_device(machine.device), dtype_of(settings, "denoiser")
        transformer = open_transformer(HunyuanVideoTransformer3DModel, settings, machine, "transformer", self.device)
        self.module: nn.Module = transformer
        self.config: Any = transformer.config
        self.channels = int(self.config.in_channels)
        self.text_width, self.pooled_width = int(self.config.text_embed_dim), int(self.config.pooled_projection_dim)
        config = part_config(AutoencoderKLHunyuanVideo, settings, "autoencoder's configuration", "vae")
        super().__init__(scale_alone(config), scaled=True)
        if self.config.image_condition_type is not None or self.channels != self.mean.numel():
            raise UserError(
                f"model.path {settings.path!r}: its transformer takes {self.channels} channels and pictures as"
                f" {self.config.image_condition_type}, expected the {self.mean.numel()} of its autoencoder and no"
                " pictures; is it a model for text to video?"
            )
        self.fingerprint = part_fingerprint(settings, "denoiser")

    def velocity(
        self, noisy: Tensor, sigma: Tensor, texts: TextEmbeddings, embedded_guidance: float | None = None
    ) -> Tensor:
        assert texts.pooled is not None
        guidance = NOT_GUIDED if embedded_guidance is None else embedded_guidance
        told = torch.full((len(noisy),), GUIDANCE_STEPS * guidance, device=self.device, dtype=self.dtype)
        answer = self.module(
            hidden_states=noisy.to(self.device, self.dtype),
            timestep=(TIMESTEPS * sigma).to(self.device, torch.float32),
            encoder_hidden_states=texts.embedding.to(self.device, self.dtype),
            encoder_attention_mask=texts.attention_mask.to(self.device),
            pooled_projections=texts.pooled.to(self.device, self.dtype),
            guidance=told if self.config.guidance_embeds else None,
            return_dict=False,
        )[0]
        return -answer.float()
