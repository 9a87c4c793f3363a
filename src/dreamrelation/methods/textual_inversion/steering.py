"""ReVersion's relation-steering loss: a relation's word should lie among prepositions."""

import torch
from torch import Tensor

from dreamrelation.backbones.interface import TextEncoder
from dreamrelation.errors import UserError
from dreamrelation.losses.contrastive import info_nce
from dreamrelation.methods.textual_inversion.prepositions import PREPOSITIONS
from dreamrelation.methods.textual_inversion.settings import SteeringSettings


def word_vector(encoder: TextEncoder, word: str) -> Tensor:
    """The row (D,) of a word in the input embedding, float32; the mean of its tokens' rows where it has several.

    Raises UserError for a word in which the text encoder sees no token.
    """
    table, ids = encoder.input_embedding.weight, encoder.word_ids(word)
    if not ids:
        raise UserError(f"the text encoder sees no token in the word {word!r}, expected at least one")
    return table[torch.tensor(ids, device=table.device)].detach().float().mean(dim=0)


def steering_loss(word: Tensor, positives: Tensor, negatives: Tensor, temperature: float) -> Tensor:
    """logsumexp(r·{P, N}/τ) − logsumexp(r·P/τ), all of length 1.

    word: (D,) r; positives: (P, D); negatives: (N, D). With all candidates equal it is log((P + N)/P).
    """
    return info_nce(word[None], positives[:, None], negatives, temperature)


class Steering:
    """The steering loss with its candidates: 4 of 56 prepositions in each step, and the caption's content words."""

    def __init__(self, settings: SteeringSettings, encoder: TextEncoder, content: list[str]) -> None:
        self.settings = settings
        self.prepositions = torch.stack([word_vector(encoder, word) for word in PREPOSITIONS])
        self.content = torch.stack([word_vector(encoder, word) for word in content])

    def __call__(self, word: Tensor, generator: torch.Generator) -> Tensor:
        drawn = torch.randperm(len(self.prepositions), generator=generator)[: self.settings.positives]
        return steering_loss(word, self.prepositions[drawn], self.content, self.settings.temperature)
