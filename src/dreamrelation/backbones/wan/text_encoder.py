"""Wan's text encoder, a UMT5 used as diffusers' `WanPipeline` uses it."""

from diffusers.pipelines.wan.pipeline_wan import prompt_clean
from torch import Tensor
from transformers import UMT5EncoderModel

from dreamrelation.backbones.interface import TextEmbeddings, Tokens
from dreamrelation.backbones.t5 import T5TextEncoder
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings


class WanTextEncoder(T5TextEncoder):
    """See `interface.TextEncoder`. The transformer sees all L features, those beyond the text as zeros."""

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        super().__init__(settings, machine, UMT5EncoderModel)

    def encode(self, inputs: Tensor, tokens: Tokens) -> TextEmbeddings:
        found = super().encode(inputs, tokens)
        return TextEmbeddings(found.embedding.masked_fill(~found.attention_mask[..., None], 0), found.attention_mask)

    def cleaned(self, text: str) -> str:
        return prompt_clean(text)
