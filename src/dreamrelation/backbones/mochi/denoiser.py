"""Mochi's transformer, diffusers' `MochiTransformer3DModel`.

The conventions of time and sign follow `MochiPipeline`, whose timestep is 1000·(1 − σ) and whose prediction is the
velocity clean − noise.
"""

from diffusers import AutoencoderKLMochi, MochiTransformer3DModel
from torch import Tensor, nn

from dreamrelation.backbones.interface import TextEmbeddings
from dreamrelation.backbones.mochi.attention import share_attention, text_lengths
from dreamrelation.backbones.mochi.layers import keep_inputs_only
from dreamrelation.backbones.statistics import LatentStatistics
from dreamrelation.backbones.transformer import open_transformer
from dreamrelation.backbones.weights import dtype_of, part_config, part_fingerprint
from dreamrelation.devices import choose_device
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings

TIMESTEPS = 1000


class MochiDenoiser(LatentStatistics):
    """The transformer, frozen. See `interface.Denoiser`."""

    pooled_width = 0

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        self.spec = settings.spec
        self.device, self.dtype = choose_device(machine.device), dtype_of(settings, "denoiser")
        transformer = open_transformer(MochiTransformer3DModel, settings, machine, "transformer", self.device)
        self.module: nn.Module = transformer
        self.attention = share_attention(transformer)
        keep_inputs_only(transformer)
        self.channels = int(transformer.config.in_channels)
        self.text_width = int(transformer.config.text_embed_dim)
        super().__init__(part_config(AutoencoderKLMochi, settings, "autoencoder's configuration", "vae"), scaled=True)
        self.fingerprint = part_fingerprint(settings, "denoiser")

    def velocity(
        self, noisy: Tensor, sigma: Tensor, texts: TextEmbeddings, embedded_guidance: float | None = None
    ) -> Tensor:
        lengths = text_lengths(texts.attention_mask)
        longest = max(1, *lengths)  # what no text reaches is left out; Mochi's pooling needs one token
        self.attention.tell(lengths, longest)
        answer = self.module(
            hidden_states=noisy.to(self.device, self.dtype),
            encoder_hidden_states=texts.embedding[:, :longest].to(self.device, self.dtype),
            timestep=(TIMESTEPS * (1 - sigma)).to(self.device, self.dtype),
            encoder_attention_mask=texts.attention_mask[:, :longest].to(self.device),
            return_dict=False,
        )[0]
        return answer.float()
