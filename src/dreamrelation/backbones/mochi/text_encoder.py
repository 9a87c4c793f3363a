"""Mochi's text encoder, a T5 used as diffusers' `MochiPipeline` uses it."""

from pathlib import Path
from typing import Any

import torch
from diffusers import MochiPipeline
from torch import nn

from dreamrelation.backbones.interface import TextEmbeddings
from dreamrelation.backbones.weights import check_folder, dtype_of, loading
from dreamrelation.devices import choose_device
from dreamrelation.errors import UserError
from dreamrelation.local_models import is_local
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings

MAXIMUM_TOKENS = 256


class MochiTextEncoder:
    """T5, frozen. See `interface.TextEncoder`."""

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        self.device = choose_device(machine.device)
        _check_tokenizer(settings)
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


def _check_tokenizer(settings: ModelSettings) -> None:
    """Raise UserError where a local tokenizer lacks its files: transformers would make an empty one without a word."""
    folder = Path(settings.path) / "tokenizer"
    if not is_local(settings.path):
        return
    check_folder(settings)
    vocabulary = any((folder / name).is_file() for name in ("tokenizer.json", "spiece.model"))
    if not vocabulary or not (folder / "tokenizer_config.json").is_file():
        raise UserError(
            f"model.path {settings.path!r}: found no whole tokenizer in {folder}, expected tokenizer_config.json and"
            " tokenizer.json or spiece.model"
        )
