"""HunyuanVideo's two text encoders, used as diffusers' `HunyuanVideoPipeline` uses them.

A language model (LLaMA) reads the text within a request to describe a video; CLIP gives one feature of the whole text.
"""

from typing import Any

import torch
from diffusers.pipelines.hunyuan_video.pipeline_hunyuan_video import DEFAULT_PROMPT_TEMPLATE
from torch import Tensor
from transformers import CLIPTextModel, LlamaModel

from dreamrelation.backbones.hunyuan_video.settings import HunyuanVideoSettings
from dreamrelation.backbones.interface import TextEmbeddings, Tokens
from dreamrelation.backbones.text_encoder import TransformersTextEncoder, open_tokenizer
from dreamrelation.backbones.weights import load_part
from dreamrelation.settings.machine import MachineSettings

TEMPLATE: str = DEFAULT_PROMPT_TEMPLATE["template"]
LAYER = -3
"""The features are those that enter the language model's last layer but one."""
CLIP_TOKENS = 77


class HunyuanVideoTextEncoder(TransformersTextEncoder):
    """See `interface.TextEncoder`. Tokens are those of template and text; features those behind the template alone."""

    def __init__(self, settings: HunyuanVideoSettings, machine: MachineSettings) -> None:
        super().__init__(settings, machine, LlamaModel)
        self.skipped = settings.template_tokens
        self.maximum_tokens = min(self.tokenizer.model_max_length, settings.template_tokens + settings.spec.text_tokens)
        self.clip_tokenizer = open_tokenizer(settings, "tokenizer_2")
        clip: Any = load_part(CLIPTextModel, settings, "text_encoder", "text_encoder_2")
        self.clip = clip.to(self.device)

    def whole(self, text: str) -> str:
        return TEMPLATE.format(text)

    def tokenize(self, texts: list[str], placeholder: str | None = None) -> Tokens:
        tokens = super().tokenize(texts, placeholder)
        plain = [" ".join(text.replace(placeholder, "").split()) if placeholder else text for text in texts]
        return Tokens(tokens.ids, tokens.attention_mask, tokens.placeholder, self._pooled(plain))

    @torch.no_grad()
    def _pooled(self, texts: list[str]) -> Tensor:
        tokens = self.clip_tokenizer(
            texts, padding="max_length", max_length=CLIP_TOKENS, truncation=True, return_tensors="pt"
        )
        return self.clip(tokens.input_ids.to(self.device)).pooler_output.float()

    def encode(self, inputs: Tensor, tokens: Tokens) -> TextEmbeddings:
        counted = tokens.attention_mask
        answer = self.module(inputs_embeds=inputs, attention_mask=counted.long(), output_hidden_states=True)
        behind = slice(self.skipped, None)
        return TextEmbeddings(answer.hidden_states[LAYER][:, behind].float(), counted[:, behind], tokens.pooled)
