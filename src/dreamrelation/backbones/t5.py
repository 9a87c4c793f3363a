"""Text encoders of the T5 family, as diffusers' pipelines use them: T5 for Mochi, UMT5 for Wan."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoTokenizer

from dreamrelation.backbones.interface import TextEmbeddings, Tokens
from dreamrelation.backbones.weights import check_folder, load_part, loading
from dreamrelation.devices import choose_device
from dreamrelation.errors import UserError
from dreamrelation.local_models import is_local
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings


class T5TextEncoder:
    """A T5, frozen. See `interface.TextEncoder`. Each backbone has its own subclass, for what pipelines do differently.

    Raises UserError where weights or tokenizer are missing, broken or do not fit.
    """

    def __init__(self, settings: ModelSettings, machine: MachineSettings, model: type) -> None:
        self.device = choose_device(machine.device)
        _check_tokenizer(settings)
        self.module: nn.Module = load_part(model, settings, "text_encoder", "text_encoder").to(self.device)
        with loading(settings, "tokenizer"):
            self.tokenizer: Any = AutoTokenizer.from_pretrained(
                settings.path, subfolder="tokenizer", revision=settings.revision
            )
        self.maximum_tokens = min(self.tokenizer.model_max_length, settings.spec.text_tokens)

    @property
    def input_embedding(self) -> nn.Embedding:
        network: Any = self.module
        return network.get_input_embeddings()

    def word_ids(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False, verbose=False).input_ids

    def tokenize(self, texts: list[str], placeholder: str | None = None) -> Tokens:
        pad, end = self.tokenizer.pad_token_id, self.tokenizer.eos_token_id
        shape = (len(texts), self.maximum_tokens)
        ids, counted = torch.full(shape, pad), torch.zeros(shape, dtype=torch.bool)
        place = torch.zeros(shape, dtype=torch.bool)
        for row, text in enumerate(map(self.cleaned, texts)):
            found, places = self._pieces(text, placeholder)
            if places and places[-1] >= self.maximum_tokens - 1:
                raise UserError(
                    f"{text!r}: {placeholder} is token {places[-1] + 1}, expected it among the first"
                    f" {self.maximum_tokens - 1} that the text encoder reads"
                )
            found = [*found[: self.maximum_tokens - 1], end]
            ids[row, : len(found)] = torch.tensor(found)
            counted[row, : len(found)] = True
            place[row, places] = True
        return Tokens(ids.to(self.device), counted.to(self.device), place.to(self.device))

    def _pieces(self, text: str, placeholder: str | None) -> tuple[list[int], list[int]]:
        """Ids of a text without its end, and where its placeholders are among them."""
        first, *others = text.split(placeholder) if placeholder else [text]
        ids, places = self.word_ids(first.strip()), []
        for piece in others:
            places.append(len(ids))
            ids += [self.tokenizer.pad_token_id, *self.word_ids(piece.strip())]
        return ids, places

    def encode(self, inputs: Tensor, attention_mask: Tensor) -> TextEmbeddings:
        features = self.module(inputs_embeds=inputs, attention_mask=attention_mask.long()).last_hidden_state
        return TextEmbeddings(features.float(), attention_mask)

    @torch.no_grad()
    def embed(self, texts: list[str]) -> TextEmbeddings:
        embedded = []
        for text in texts:
            tokens = self.tokenize([text])
            found = self.encode(self.input_embedding(tokens.ids), tokens.attention_mask)
            embedded.append(TextEmbeddings(found.embedding.cpu(), found.attention_mask.cpu()))
        return TextEmbeddings.joined(embedded)

    def cleaned(self, text: str) -> str:
        """A text as the pipeline hands it to the tokenizer."""
        return text


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
