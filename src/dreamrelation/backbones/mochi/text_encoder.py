"""Mochi's text encoder, a T5 used as diffusers' `MochiPipeline` uses it."""

from typing import Any

import torch
from diffusers import MochiPipeline
from torch import nn

from dreamrelation.backbones.interface import TextEmbeddings
from dreamrelation.backbones.weights import dtype_of, loading
from dreamrelation.devices import choose_device
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings

MAXIMUM_TOKENS = 256


class MochiTextEncoder:
    """T5, frozen. See `interface.TextEncoder`."""

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        self.device = choose_device(machine.device)
        with loading(settings, "text_encoder"):
            self.pipeline: Any = MochiPipeline.from_pretrained(
                settings.path,
                transformer=None,
                vae=None,
                dtype=dtype_of(settings, "text_encoder"),
                revision=settings.revision,
                variant=settings.variant,
            )
        self.module: nn.Module = self.pipeline.text_encoder.to(self.device).eval().requires_grad_(False)
        self.tokens = min(self.pipeline.tokenizer.model_max_length, MAXIMUM_TOKENS)

    @torch.no_grad()
    def embed(self, texts: list[str]) -> TextEmbeddings:
        embedded = []
        for text in texts:
            embedding, mask, _, _ = self.pipeline.encode_prompt(
                text, do_classifier_free_guidance=False, max_sequence_length=self.tokens, device=self.device
            )
            embedded.append(TextEmbeddings(embedding.float().cpu(), mask.bool().cpu()))
        return TextEmbeddings.joined(embedded)
