"""Mochi 1: names of its layers, loading of its parts, normalisation, captions, velocity, decoding.

Sources: diffusers' Mochi classes; the conventions of time and sign follow `MochiPipeline`, whose timestep is
1000·(1 − σ) and whose prediction is the velocity clean − noise.
"""

from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKLMochi, MochiPipeline, MochiTransformer3DModel
from diffusers.pipelines.mochi.pipeline_mochi import linear_quadratic_schedule
from torch import Tensor, nn

from dreamrelation.backbones.interface import CaptionEmbeddings, Posterior
from dreamrelation.backbones.weights import DTYPES, check_folder, choose_device, part_fingerprint
from dreamrelation.geometry import latent_grid
from dreamrelation.roles import Projection
from dreamrelation.settings.model import ModelSettings

TIMESTEPS = 1000
MAXIMUM_TOKENS = 256
LAYERS: dict[Projection, tuple[str, ...]] = {
    "query": ("to_q", "add_q_proj"),
    "key": ("to_k", "add_k_proj"),
    "value": ("to_v", "add_v_proj"),
    "output": ("to_out.0", "to_add_out"),
}
"""Names inside `transformer_blocks.N.attn1`, visual branch first; the last block has no `to_add_out`."""


class MochiStatistics:
    """Mean and standard deviation per latent channel, from the autoencoder's configuration."""

    def __init__(self, config: dict) -> None:
        missing = [key for key in ("latents_mean", "latents_std", "scaling_factor") if config.get(key) is None]
        if missing:
            raise ValueError(f"the autoencoder's config.json lacks {', '.join(missing)}, expected numbers per channel")
        shape = (1, -1, 1, 1, 1)
        self.mean = torch.tensor(config["latents_mean"], dtype=torch.float32).view(shape)
        self.deviation = torch.tensor(config["latents_std"], dtype=torch.float32).view(shape)
        self.scale = float(config["scaling_factor"])

    def normalise(self, latents: Tensor) -> Tensor:
        return (latents - self.mean.to(latents)) * self.scale / self.deviation.to(latents)

    def denormalise(self, latents: Tensor) -> Tensor:
        return latents * self.deviation.to(latents) / self.scale + self.mean.to(latents)


class MochiAutoencoder(MochiStatistics):
    """The VAE, frozen. See `interface.Autoencoder`."""

    def __init__(self, settings: ModelSettings) -> None:
        check_folder(settings)
        self.device, self.dtype = choose_device(settings.device), DTYPES[settings.precision]
        # diffusers' decorators hide the types of what its methods return
        self.vae: Any = AutoencoderKLMochi.from_pretrained(
            settings.path,
            subfolder="vae",
            dtype=self.dtype,
            revision=settings.revision,
            variant=settings.variant,
        )
        self.vae.to(self.device).eval().requires_grad_(False)
        if settings.vae_tiling:
            self.vae.enable_tiling()
        super().__init__(dict(self.vae.config))

    @torch.no_grad()
    def encode(self, frames: np.ndarray) -> Posterior:
        latent_grid(*frames.shape[1:4])
        video = torch.from_numpy(frames).permute(0, 4, 1, 2, 3).to(self.device, self.dtype) / 127.5 - 1
        distribution = self.vae.encode(video).latent_dist
        return Posterior(distribution.mean.float(), distribution.logvar.float())

    @torch.no_grad()
    def decode(self, latents: Tensor) -> np.ndarray:
        raw = self.denormalise(latents.float()).to(self.device, self.dtype)
        video = self.vae.decode(raw).sample.float()
        pixels = ((video.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        return pixels.permute(0, 2, 3, 4, 1).cpu().numpy()


class MochiTextEncoder:
    """T5 as `MochiPipeline` uses it. See `interface.TextEncoder`."""

    def __init__(self, settings: ModelSettings) -> None:
        check_folder(settings)
        self.device, self.dtype = choose_device(settings.device), DTYPES[settings.precision]
        self.pipeline: Any = MochiPipeline.from_pretrained(
            settings.path,
            transformer=None,
            vae=None,
            dtype=self.dtype,
            revision=settings.revision,
            variant=settings.variant,
        )
        self.pipeline.text_encoder.to(self.device).eval().requires_grad_(False)
        self.tokens = min(self.pipeline.tokenizer.model_max_length, MAXIMUM_TOKENS)

    @torch.no_grad()
    def embed(self, texts: list[str]) -> CaptionEmbeddings:
        embeddings, masks = [], []
        for text in texts:
            embedding, mask, _, _ = self.pipeline.encode_prompt(
                text, do_classifier_free_guidance=False, max_sequence_length=self.tokens, device=self.device
            )
            embeddings.append(embedding.float().cpu())
            masks.append(mask.bool().cpu())
        return CaptionEmbeddings(torch.cat(embeddings), torch.cat(masks))


class MochiDenoiser(MochiStatistics):
    """The transformer, frozen. See `interface.Denoiser`."""

    def __init__(self, settings: ModelSettings) -> None:
        check_folder(settings)
        self.device, self.dtype = choose_device(settings.device), DTYPES[settings.precision]
        transformer: Any = MochiTransformer3DModel.from_pretrained(
            settings.path,
            subfolder="transformer",
            dtype=self.dtype,
            revision=settings.revision,
            variant=settings.variant,
        )
        self.module: nn.Module = transformer.to(self.device).eval().requires_grad_(False)
        if settings.gradient_checkpointing:
            transformer.enable_gradient_checkpointing()
        self.channels = int(transformer.config.in_channels)
        config: Any = AutoencoderKLMochi.load_config(settings.path, subfolder="vae", revision=settings.revision)
        super().__init__(dict(config))
        self.fingerprint = part_fingerprint(settings, "transformer")

    def adapted_modules(self, projections: tuple[Projection, ...]) -> list[str]:
        wanted = tuple(f".attn1.{layer}" for projection in projections for layer in LAYERS[projection])
        return [name for name, _ in self.module.named_modules() if name.endswith(wanted)]

    def velocity(self, noisy: Tensor, sigma: Tensor, captions: CaptionEmbeddings) -> Tensor:
        answer = self.module(
            hidden_states=noisy.to(self.device, self.dtype),
            encoder_hidden_states=captions.embedding.to(self.device, self.dtype),
            timestep=(TIMESTEPS * (1 - sigma)).to(self.device, self.dtype),
            encoder_attention_mask=captions.attention_mask.to(self.device),
            return_dict=False,
        )[0]
        return answer.float()

    def sampling_sigmas(self, steps: int, threshold: float) -> list[float]:
        if steps < 2 or steps % 2:
            raise ValueError(f"found {steps} sampling steps, expected an even number of at least 2")
        return [*linear_quadratic_schedule(steps, threshold), 0.0]
