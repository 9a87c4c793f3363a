"""Text encoders of the T5 family, as diffusers' pipelines use them: T5 for Mochi, UMT5 for Wan."""

from torch import Tensor

from dreamrelation.backbones.interface import TextEmbeddings, Tokens
from dreamrelation.backbones.text_encoder import TransformersTextEncoder
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings


class T5TextEncoder(TransformersTextEncoder):
    """See `interface.TextEncoder`. Each backbone has its own subclass, for what pipelines do differently."""

    def __init__(self, settings: ModelSettings, machine: MachineSettings, model: type) -> None:
        super().__init__(settings, machine, model)
        self.end = [self.tokenizer.eos_token_id]

    def pieces(self, text: str, placeholder: str | None) -> tuple[list[int], list[int]]:
        first, *others = text.split(placeholder) if placeholder else [text]
        ids, places = self.word_ids(first.strip()), []
        for piece in others:
            places.append(len(ids))
            ids += [self.tokenizer.pad_token_id, *self.word_ids(piece.strip())]
        return ids, places

    def encode(self, inputs: Tensor, tokens: Tokens) -> TextEmbeddings:
        counted = tokens.attention_mask
        features = self.module(inputs_embeds=inputs, attention_mask=counted.long()).last_hidden_state
        return TextEmbeddings(features.float(), counted)
