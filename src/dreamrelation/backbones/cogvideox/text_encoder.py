"""CogVideoX's text encoder, a T5 used as diffusers' `CogVideoXPipeline` uses it."""

from torch import Tensor
from transformers import T5EncoderModel

from dreamrelation.backbones.interface import TextEmbeddings, Tokens
from dreamrelation.backbones.t5 import T5TextEncoder
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings


class CogVideoXTextEncoder(T5TextEncoder):
    """See `interface.TextEncoder`. All L tokens are read, in the encoder and after it: padding counts as text."""

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        super().__init__(settings, machine, T5EncoderModel)

    def encode(self, inputs: Tensor, tokens: Tokens) -> TextEmbeddings:
        features = self.module(inputs_embeds=inputs).last_hidden_state
        return TextEmbeddings(features.float(), tokens.attention_mask)
