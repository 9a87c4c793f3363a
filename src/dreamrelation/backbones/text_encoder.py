"""Text encoders of transformers with their tokenizers, as diffusers' pipelines use them."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

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


class TransformersTextEncoder(ABC):
    """An encoder, frozen. See `interface.TextEncoder`. Each family has its own subclass, which says `encode`.

    Raises UserError where weights or tokenizer are missing, broken or do not fit.
    """

    at_the_end: ClassVar[bool] = False
    """Whether what fills a text up stands before it."""

    def __init__(self, settings: ModelSettings, machine: MachineSettings, model: type) -> None:
        self.device = choose_device(machine.device)
        check_tokenizer(settings, "tokenizer")
        self.module: nn.Module = load_part(model, settings, "text_encoder", "text_encoder").to(self.device)
        self.tokenizer = open_tokenizer(settings, "tokenizer")
        self.maximum_tokens = min(self.tokenizer.model_max_length, settings.spec.text_tokens)
        self.end: list[int] = []
        """What follows every text, however long it is."""
        self.skipped = 0
        """So many of the first features are left out."""

    @property
    def input_embedding(self) -> nn.Embedding:
        network: Any = self.module
        return network.get_input_embeddings()

    def word_ids(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False, verbose=False).input_ids

    def tokenize(self, texts: list[str], placeholder: str | None = None) -> Tokens:
        shape = (len(texts), self.maximum_tokens)
        ids, counted = torch.full(shape, self.tokenizer.pad_token_id), torch.zeros(shape, dtype=torch.bool)
        place = torch.zeros(shape, dtype=torch.bool)
        room = self.maximum_tokens - len(self.end)
        for row, text in enumerate(map(self.cleaned, texts)):
            found, places = self.pieces(text, placeholder)
            if places and places[-1] >= room:
                raise UserError(
                    f"{text!r}: {placeholder} is token {places[-1] + 1}, expected it among the first {room} that the"
                    " text encoder reads"
                )
            found = [*found[:room], *self.end]
            start = self.maximum_tokens - len(found) if self.at_the_end else 0
            ids[row, start : start + len(found)] = torch.tensor(found)
            counted[row, start : start + len(found)] = True
            place[row, [start + at for at in places]] = True
        return Tokens(ids.to(self.device), counted.to(self.device), place.to(self.device))

    def places(self, text: str, words: str) -> list[int]:
        whole = self.whole(self.cleaned(text))
        start = whole.find(words, whole.find(self.cleaned(text)))
        if start < 0 or not words:
            raise UserError(f"{text!r}: found no {words!r} in it")
        spans = self.tokenizer(whole, verbose=False, return_offsets_mapping=True).offset_mapping
        found = [n for n, (first, last) in enumerate(spans) if max(first, start) < min(last, start + len(words))]
        if not found or found[-1] >= self.maximum_tokens - len(self.end):
            raise UserError(f"{text!r}: {words!r} is beyond the {self.maximum_tokens} tokens that are read")
        return [place - self.skipped for place in found]

    def whole(self, text: str) -> str:
        """What the tokenizer is given for a text."""
        return text

    def pieces(self, text: str, placeholder: str | None) -> tuple[list[int], list[int]]:
        """Ids of a text without `end`, and where its placeholders are among them.

        A placeholder stands for a word with the space before it, as most tokenizers' words have it.
        """
        whole = self.whole(text)
        first, *others = whole.split(placeholder) if placeholder else [whole]
        ids, places = self.tokenizer(first.rstrip(" ") if others else first, verbose=False).input_ids, []
        for number, piece in enumerate(others, 1):
            places.append(len(ids))
            ids += [self.tokenizer.pad_token_id]
            ids += self.word_ids(piece if number == len(others) else piece.rstrip(" "))
        return ids, places

    @abstractmethod
    def encode(self, inputs: Tensor, tokens: Tokens) -> TextEmbeddings:
        """See `interface.TextEncoder`."""

    @torch.no_grad()
    def embed(self, texts: list[str]) -> TextEmbeddings:
        embedded = []
        for text in texts:
            tokens = self.tokenize([text])
            found = self.encode(self.input_embedding(tokens.ids), tokens)
            embedded.append(found.to(torch.device("cpu"), torch.float32))
        return TextEmbeddings.joined(embedded)

    def cleaned(self, text: str) -> str:
        """A text as the pipeline hands it to the tokenizer."""
        return text


def check_tokenizer(settings: ModelSettings, folder: str) -> None:
    """Raise UserError where a local tokenizer lacks its files: transformers would make an empty one without a word."""
    place = Path(settings.path) / folder
    if not is_local(settings.path):
        return
    check_folder(settings)
    vocabulary = any((place / name).is_file() for name in ("tokenizer.json", "spiece.model"))
    if not vocabulary or not (place / "tokenizer_config.json").is_file():
        raise UserError(
            f"model.path {settings.path!r}: found no whole tokenizer in {place}, expected tokenizer_config.json and"
            " tokenizer.json or spiece.model"
        )


def open_tokenizer(settings: ModelSettings, folder: str) -> Any:
    """The tokenizer in a folder of the model. Raises UserError where it is missing, broken, or lacks files."""
    check_tokenizer(settings, folder)
    with loading(settings, folder):
        return AutoTokenizer.from_pretrained(
            settings.path, subfolder=folder, revision=settings.revision, trust_remote_code=False
        )
