"""Mochi's text encoder, a T5 used as diffusers' `MochiPipeline` uses it."""

from typing import Any

import torch
from diffusers import MochiPipeline
from transformers import T5EncoderModel

from dreamrelation.backbones.interface import Tokens
from dreamrelation.backbones.t5 import T5TextEncoder
from dreamrelation.backbones.weights import loading
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings


class MochiTextEncoder(T5TextEncoder):
    """See `interface.TextEncoder`. The empty text counts no token at all where the model's index says so."""

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        super().__init__(settings, machine, T5EncoderModel)
        with loading(settings, "model_index.json"):
            index: Any = MochiPipeline.load_config(settings.path, revision=settings.revision)
        self.empty_counts_nothing = bool(index.get("force_zeros_for_empty_prompt", False))

    def tokenize(self, texts: list[str], placeholder: str | None = None) -> Tokens:
        tokens = super().tokenize(texts, placeholder)
        empty = torch.tensor([text == "" and self.empty_counts_nothing for text in texts], device=self.device)[:, None]
        return Tokens(tokens.ids.masked_fill(empty, 0), tokens.attention_mask & ~empty, tokens.placeholder)
