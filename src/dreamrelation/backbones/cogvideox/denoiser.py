"""CogVideoX's transformer, diffusers' `CogVideoXTransformer3DModel`.

It was trained for a diffusion that keeps the variance, and predicts v = α·ε − s·x, as `CogVideoXPipeline` samples it.
`noise.py` says how that is a flow.
"""

from typing import Any

import torch
from diffusers import AutoencoderKLCogVideoX, CogVideoXDDIMScheduler, CogVideoXTransformer3DModel
from diffusers.models.embeddings import get_3d_rotary_pos_embed
from diffusers.pipelines.cogvideo.pipeline_cogvideox import get_resize_crop_region_for_grid
from torch import Tensor, nn

from dreamrelation.backbones.cogvideox.noise import Timesteps
from dreamrelation.backbones.interface import TextEmbeddings
from dreamrelation.backbones.statistics import LatentStatistics, scale_alone
from dreamrelation.backbones.transformer import open_transformer
from dreamrelation.backbones.weights import dtype_of, part_config, part_fingerprint
from dreamrelation.devices import choose_device
from dreamrelation.errors import UserError
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings


class CogVideoXDenoiser(LatentStatistics):
    """The transformer, frozen. See `interface.Denoiser`.

    Raises UserError where weights or configuration are missing, broken, or those of another kind of CogVideoX.
    """

    pooled_width = 0

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        self.spec = settings.spec
        self.timesteps = self._timesteps(settings)
        self.device, self.dtype = choose_device(machine.device), dtype_of(settings, "denoiser")
        transformer = open_transformer(CogVideoXTransformer3DModel, settings, machine, "transformer", self.device)
        self.module: nn.Module = transformer
        self.config: Any = transformer.config
        self.channels, self.text_width = int(self.config.in_channels), int(self.config.text_embed_dim)
        config = part_config(AutoencoderKLCogVideoX, settings, "autoencoder's configuration", "vae")
        super().__init__(scale_alone(config), scaled=True)
        self._check(settings, int(config["latent_channels"]))
        self.fingerprint = part_fingerprint(settings, "denoiser")

    def _timesteps(self, settings: ModelSettings) -> Timesteps:
        config = part_config(CogVideoXDDIMScheduler, settings, "scheduler's configuration", "scheduler")
        expected = {
            "prediction_type": "v_prediction",
            "rescale_betas_zero_snr": True,
            "snr_shift_scale": settings.spec.sampling.schedule.value,
        }
        odd = {name: config.get(name) for name, value in expected.items() if config.get(name) != value}
        if odd:
            raise UserError(
                f"model.path {settings.path!r}: its scheduler has {odd}, expected {expected} of {settings.spec.title};"
                " is model.kind that of this model?"
            )
        scheduler: Any = CogVideoXDDIMScheduler.from_config(config)
        return Timesteps(scheduler.alphas_cumprod)

    def _check(self, settings: ModelSettings, latent_channels: int) -> None:
        where = f"model.path {settings.path!r}: its transformer"
        if self.channels != latent_channels:
            raise UserError(
                f"{where} takes {self.channels} channels, expected the {latent_channels} of its autoencoder; is it a"
                " model for text to video?"
            )
        if self.config.patch_size_t is not None:
            raise UserError(f"{where} joins frames in patches, as CogVideoX 1.5 does; expected one of CogVideoX 1.0")

    def velocity(
        self, noisy: Tensor, sigma: Tensor, texts: TextEmbeddings, embedded_guidance: float | None = None
    ) -> Tensor:
        level = sigma.to(noisy.device, torch.float32).view(-1, 1, 1, 1, 1)
        scale = ((1 - level) ** 2 + level**2).rsqrt()
        alpha, s = scale * (1 - level), scale * level
        shown = scale * noisy
        frames = shown.transpose(1, 2).to(self.device, self.dtype)
        answer = self.module(
            hidden_states=frames,
            encoder_hidden_states=texts.embedding.to(self.device, self.dtype),
            timestep=self.timesteps.of(sigma).to(self.device),
            image_rotary_emb=self._places(*noisy.shape[2:]),
            return_dict=False,
        )[0]
        predicted = answer.transpose(1, 2).float().to(noisy.device)
        # x̂ = α·z − s·v and ε̂ = s·z + α·v
        return (alpha - s) * shown - (alpha + s) * predicted

    def _places(self, frames: int, height: int, width: int) -> tuple[Tensor, Tensor] | None:
        """Cosines and sines of the tokens' places; None for a model that adds sines to its tokens itself."""
        if not self.config.use_rotary_positional_embeddings:
            return None
        patch = int(self.config.patch_size)
        grid = (height // patch, width // patch)
        base = int(self.config.sample_width) // patch, int(self.config.sample_height) // patch
        cosines, sines = get_3d_rotary_pos_embed(
            embed_dim=int(self.config.attention_head_dim),
            crops_coords=get_resize_crop_region_for_grid(grid, *base),
            grid_size=grid,
            temporal_size=frames,
            device=self.device,
        )
        return cosines, sines
