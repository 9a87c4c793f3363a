"""A stand-in for groundingdino-py's BERT wrapper, which copies methods that transformers 5 no longer has.

It keeps the names `embeddings`, `encoder` and `pooler`, so that official checkpoints load.
"""

import torch
from torch import Tensor, nn
from transformers import BertModel


class BertForGroundingDino(nn.Module):
    """BERT under an attention mask that keeps the phrases of a prompt apart."""

    def __init__(self, bert_model: BertModel) -> None:
        super().__init__()
        self.config = bert_model.config
        self.embeddings = bert_model.embeddings
        self.encoder = bert_model.encoder
        self.pooler = bert_model.pooler

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """{"last_hidden_state": (B, L, D)} of tokens (B, L).

        attention_mask, (B, L) or (B, L, L), is true where the (row's) token may look at the (column's).
        """
        hidden = self.embeddings(input_ids=input_ids, token_type_ids=token_type_ids, position_ids=position_ids)
        allowed = attention_mask.bool()
        allowed = allowed[:, None, None, :] if allowed.dim() == 2 else allowed[:, None]
        # spelt out for every row, because fused attention kernels refuse to broadcast some shapes
        allowed = allowed.expand(-1, 1, input_ids.shape[1], -1)
        additive = torch.zeros(allowed.shape, dtype=hidden.dtype, device=hidden.device)
        additive = additive.masked_fill(~allowed, torch.finfo(hidden.dtype).min)
        encoded = self.encoder(hidden, attention_mask=additive)
        return {"last_hidden_state": encoded[0]}
