"""Mochi's attention without asking the GPU how long the texts are.

Only the text tokens that count take part in Mochi's attention. diffusers' processor finds them on the device, sample by
sample and in every block: 48 times in a forward pass the host waits for the GPU, and no compiled graph goes through.
Texts are as long in all blocks, so their lengths are told once, from the host.
"""

from abc import ABC, abstractmethod
from itertools import groupby
from typing import Any

import torch
from diffusers import MochiTransformer3DModel
from diffusers.models.attention_processor import MochiAttention
from torch import Tensor, nn
from torch.nn import functional

from dreamrelation.backbones.mochi.layers import rotated

Pair = tuple[Tensor, Tensor]
"""The same of visual and of text tokens."""


def text_lengths(attention_mask: Tensor) -> list[int]:
    """Number of tokens that count of each text of (B, L) bool. Raises ValueError unless they stand at the beginning."""
    rows: list[list[bool]] = attention_mask.tolist()
    if any(row != sorted(row, reverse=True) for row in rows):
        raise ValueError("found a text with padding before or between its tokens, expected all of it at the end")
    return [sum(row) for row in rows]


class JointAttention(ABC):
    """Mochi's attention around `attend`: projections, norms, rotary positions, and the layers after it."""

    def __call__(
        self,
        attn: MochiAttention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: Tensor,
        image_rotary_emb: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """(B, N, C) visual tokens, (B, L, D) text tokens and (B, L) which of these count → both, attended to."""

        def heads(layer: nn.Module, norm: nn.Module | None, states: Tensor) -> Tensor:
            projected = layer(states).unflatten(2, (attn.heads, -1))
            return projected if norm is None else norm(projected)

        query = heads(attn.to_q, attn.norm_q, hidden_states)
        key = heads(attn.to_k, attn.norm_k, hidden_states)
        value = heads(attn.to_v, None, hidden_states)
        text_query = heads(attn.add_q_proj, attn.norm_added_q, encoder_hidden_states)
        text_key = heads(attn.add_k_proj, attn.norm_added_k, encoder_hidden_states)
        text_value = heads(attn.add_v_proj, None, encoder_hidden_states)
        if image_rotary_emb is not None:
            query, key = (rotated(states, *image_rotary_emb) for states in (query, key))
        pairs = (query, text_query), (key, text_key), (value, text_value)
        visual, text = self.attend(pairs, attention_mask)
        visual = attn.to_out[1](attn.to_out[0](visual))
        return visual, attn.to_add_out(text) if hasattr(attn, "to_add_out") else text

    @abstractmethod
    def attend(self, pairs: tuple[Pair, Pair, Pair], attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Query, key and value, each of visual tokens (B, N, heads, d) and of text tokens (B, L, heads, d) → (B, N, C)
        and (B, L, C); text that does not count comes out as zeros."""


class TextLengthsAttention(JointAttention):
    """What diffusers' `MochiAttnProcessor2_0` computes. All blocks share one object, which is told the lengths."""

    def __init__(self) -> None:
        self.runs: tuple[tuple[int, int, int], ...] = ()
        """First sample, sample after the last, text length: neighbours with equally long texts go together. Empty: all
        tokens of all texts count, so that a compiled block does not depend on how many they are."""

    def tell(self, lengths: list[int], longest: int) -> None:
        """The lengths of the texts of the following forward passes, B of them, filled up to the longest."""
        runs, start = [], 0
        for length, samples in groupby(lengths):
            stop = start + sum(1 for _ in samples)
            runs.append((start, stop, length))
            start = stop
        self.runs = () if runs == [(0, len(lengths), longest)] else tuple(runs)

    def attend(self, pairs: tuple[Pair, Pair, Pair], attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        count, tokens = pairs[0][0].shape[:2]
        longest = pairs[0][1].shape[1]
        visual, text = [], []
        for start, stop, length in self.runs or ((0, count, longest),):
            q, k, v = (
                torch.cat([states[start:stop], of_text[start:stop, :length]], dim=1).transpose(1, 2)
                for states, of_text in pairs
            )
            attended = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
            visual.append(attended[:, :tokens])
            text.append(functional.pad(attended[:, tokens:], (0, 0, 0, longest - length)))
        return _joined(visual), _joined(text)


def share_attention(transformer: MochiTransformer3DModel) -> TextLengthsAttention:
    """Give all blocks one processor."""
    processor = TextLengthsAttention()
    blocks: Any = transformer.transformer_blocks
    for block in blocks:
        block.attn1.processor = processor
    return processor


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)
