"""Mochi's attention for a whole batch at once.

diffusers' processor goes through the samples one by one, because it cuts away the text tokens that do not count. With
small models the time goes into the loop. Masking these tokens computes the same.
"""

from typing import Any

import torch
from diffusers import MochiTransformer3DModel
from diffusers.models.attention_processor import MochiAttention
from torch import Tensor
from torch.nn import functional


def batch_attention(transformer: MochiTransformer3DModel) -> None:
    """Let all blocks of a transformer compute their attention in one call."""
    blocks: Any = transformer.transformer_blocks
    for block in blocks:
        block.attn1.processor = BatchedMochiAttention()


class BatchedMochiAttention:
    """What diffusers' `MochiAttnProcessor2_0` computes; texts that do not count are masked, and come out as zeros."""

    def __call__(
        self,
        attn: MochiAttention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: Tensor,
        image_rotary_emb: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """(B, N, C) visual tokens, (B, L, D) text tokens and (B, L) which of these count → both, attended to."""

        def heads(projected: Tensor) -> Tensor:
            return projected.unflatten(2, (attn.heads, -1))

        query, key, value = (heads(layer(hidden_states)) for layer in (attn.to_q, attn.to_k, attn.to_v))
        query, key = attn.norm_q(query), attn.norm_k(key)
        text_query, text_key, text_value = (
            heads(layer(encoder_hidden_states)) for layer in (attn.add_q_proj, attn.add_k_proj, attn.add_v_proj)
        )
        text_query, text_key = attn.norm_added_q(text_query), attn.norm_added_k(text_key)
        if image_rotary_emb is not None:
            query, key = (_rotated(states, *image_rotary_emb) for states in (query, key))
        tokens = query.shape[1]
        query, key, value = (
            torch.cat(pair, dim=1).transpose(1, 2)
            for pair in ((query, text_query), (key, text_key), (value, text_value))
        )
        visual_counts = torch.ones_like(attention_mask[:, :1], dtype=torch.bool).expand(-1, tokens)
        counts = torch.cat([visual_counts, attention_mask.bool()], dim=1)
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=counts[:, None, None, :])
        attended = attended.transpose(1, 2).flatten(2, 3) * counts[..., None]
        visual, text = attended[:, :tokens], attended[:, tokens:]
        visual = attn.to_out[1](attn.to_out[0](visual))
        return visual, attn.to_add_out(text) if hasattr(attn, "to_add_out") else text


def _rotated(states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions as Mochi has them: neighbouring channels are a pair."""
    even, odd = states[..., 0::2], states[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)
