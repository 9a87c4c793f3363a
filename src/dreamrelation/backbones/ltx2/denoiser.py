"""LTX-2's transformer, diffusers' `LTX2VideoTransformer3DModel`, without sound.

The conventions of time and sign follow `LTX2Pipeline`, whose timestep is 1000·σ and whose prediction is noise − clean,
the negative of our velocity. The model has a second stream for sound. Here the two are kept apart, by the model's own
switch `isolate_modalities`, and the stream of sound is one token of silence.
"""

from typing import Any

import torch
from diffusers import AutoencoderKLLTX2Video, LTX2VideoTransformer3DModel
from torch import Tensor, nn

from dreamrelation.backbones.interface import TextEmbeddings
from dreamrelation.backbones.sizes import current_sizes
from dreamrelation.backbones.statistics import LatentStatistics, scale_alone
from dreamrelation.backbones.transformer import open_transformer
from dreamrelation.backbones.weights import dtype_of, part_config, part_fingerprint, stored_tensors
from dreamrelation.devices import choose_device
from dreamrelation.errors import UserError
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings

TIMESTEPS = 1000
STATISTICS = ("latents_mean", "latents_std")


class Ltx2Denoiser(LatentStatistics):
    """The transformer, frozen. See `interface.Denoiser`.

    Its tokens' places in time are seconds, of frames at the spec's rate.

    Raises UserError where weights or configuration are missing, broken, or those of a model that joins latents in
    patches.
    """

    pooled_width = 0

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        self.spec = settings.spec
        self.device, self.dtype = choose_device(machine.device), dtype_of(settings, "denoiser")
        transformer = open_transformer(LTX2VideoTransformer3DModel, settings, machine, "transformer", self.device)
        self.module: nn.Module = transformer
        self.config: Any = transformer.config
        self.channels = int(self.config.in_channels)
        if (self.config.patch_size, self.config.patch_size_t) != (1, 1):
            raise UserError(
                f"model.path {settings.path!r}: its transformer joins latents in patches, expected single ones, as"
                " LTX-2's"
            )
        own_projection = self.config.use_prompt_embeddings
        self.text_width = int(self.config.caption_channels if own_projection else self.config.cross_attention_dim)
        sound_width = self.config.caption_channels if own_projection else self.config.audio_cross_attention_dim
        self.text_of_silence = torch.zeros(1, 1, int(sound_width), device=self.device, dtype=self.dtype)
        config = part_config(AutoencoderKLLTX2Video, settings, "autoencoder's configuration", "vae")
        if current_sizes() is not None:
            super().__init__(scale_alone(config), scaled=True)
        else:
            super().__init__(self._with_statistics(settings, config), scaled=True)
        self.fingerprint = part_fingerprint(settings, "denoiser")

    def _with_statistics(self, settings: ModelSettings, config: dict[str, Any]) -> dict[str, Any]:
        """The autoencoder's configuration with mean and standard deviation, which are among its weights."""
        found = stored_tensors(settings, "vae", STATISTICS)
        if {len(tensor) for tensor in found.values()} != {self.channels}:
            raise UserError(
                f"model.path {settings.path!r}: its transformer takes {self.channels} channels, expected those of its"
                f" autoencoder, {len(found['latents_mean'])}"
            )
        return {**config, **{name: tensor.float().tolist() for name, tensor in found.items()}}

    def velocity(
        self, noisy: Tensor, sigma: Tensor, texts: TextEmbeddings, embedded_guidance: float | None = None
    ) -> Tensor:
        count, _, frames, height, width = noisy.shape
        time = (TIMESTEPS * sigma).to(self.device, torch.float32)
        silence = torch.zeros(count, 1, int(self.config.audio_in_channels), device=self.device, dtype=self.dtype)
        answer = self.module(
            hidden_states=noisy.flatten(2).transpose(1, 2).to(self.device, self.dtype),
            audio_hidden_states=silence,
            encoder_hidden_states=texts.embedding.to(self.device, self.dtype),
            audio_encoder_hidden_states=self.text_of_silence.expand(count, -1, -1),
            timestep=time,
            sigma=time,
            encoder_attention_mask=texts.attention_mask.to(self.device),
            num_frames=frames,
            height=height,
            width=width,
            fps=float(self.spec.sampling.frames_per_second),
            audio_num_frames=1,
            isolate_modalities=True,
            return_dict=False,
        )[0]
        return -answer.float().transpose(1, 2).unflatten(2, (frames, height, width))
