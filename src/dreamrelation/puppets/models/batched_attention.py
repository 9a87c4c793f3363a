"""Mochi's attention for a whole batch at once.

diffusers' processor goes through the samples one by one, because it cuts away the text tokens that do not count, and so
does ours where neighbours' texts differ in length, as in every batch of this training. With small models the time goes
into the loop. Masking these tokens computes the same.
"""

from typing import Any

import torch
from diffusers import MochiTransformer3DModel
from torch import Tensor
from torch.nn import functional

from dreamrelation.backbones.mochi.attention import JointAttention, Pair


def batch_attention(transformer: MochiTransformer3DModel) -> None:
    """Let all blocks of a transformer compute their attention in one call."""
    blocks: Any = transformer.transformer_blocks
    for block in blocks:
        block.attn1.processor = MaskedAttention()


class MaskedAttention(JointAttention):
    """What diffusers' `MochiAttnProcessor2_0` computes, by masking the text that does not count."""

    def attend(self, pairs: tuple[Pair, Pair, Pair], attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        tokens = pairs[0][0].shape[1]
        query, key, value = (torch.cat(pair, dim=1).transpose(1, 2) for pair in pairs)
        visual_counts = torch.ones_like(attention_mask[:, :1], dtype=torch.bool).expand(-1, tokens)
        counts = torch.cat([visual_counts, attention_mask.bool()], dim=1)
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=counts[:, None, None, :])
        attended = attended.transpose(1, 2).flatten(2) * counts[..., None]
        return attended[:, :tokens], attended[:, tokens:]
