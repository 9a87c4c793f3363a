"""LTX-2's text encoder, used as diffusers' `LTX2Pipeline` uses it.

All layers of a language model (Gemma) are read, and a small transformer, the connector, makes of them what the video
transformer attends to.
"""

import torch
from diffusers.pipelines.ltx2.connectors import LTX2TextConnectors
from torch import Tensor
from transformers import Gemma3ForConditionalGeneration

from dreamrelation.backbones.interface import TextEmbeddings, Tokens
from dreamrelation.backbones.text_encoder import TransformersTextEncoder
from dreamrelation.backbones.weights import load_part
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings


class Ltx2TextEncoder(TransformersTextEncoder):
    """See `interface.TextEncoder`. A text stands at the end of the tokens and at the beginning of the features, whose
    rest the connector fills with vectors of its own; all of them count.
    """

    at_the_end = True

    def __init__(self, settings: ModelSettings, machine: MachineSettings) -> None:
        super().__init__(settings, machine, Gemma3ForConditionalGeneration)
        self.connectors = load_part(LTX2TextConnectors, settings, "text_encoder", "connectors").to(self.device)

    def encode(self, inputs: Tensor, tokens: Tokens) -> TextEmbeddings:
        counted = tokens.attention_mask
        answer = self.module(inputs_embeds=inputs, attention_mask=counted.long(), output_hidden_states=True)
        layers = torch.stack(answer.hidden_states, dim=-1).flatten(2, 3)
        features, _, mask = self.connectors(layers, counted.long(), padding_side="left")
        return TextEmbeddings(features.float(), mask.bool())

    def cleaned(self, text: str) -> str:
        return text.strip()
