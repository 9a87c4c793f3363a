"""What the small Mochi's transformer learns from: encoded clips with tokenised captions, drawn in batches."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import T5Tokenizer

from dreamrelation.flow import shift_levels
from dreamrelation.puppets.models.small_mochi import TEXT_TOKENS
from dreamrelation.puppets.models.training_set import LatentSet, joined
from dreamrelation.puppets.models.transformer_settings import TransformerTraining


@dataclass(frozen=True)
class Tokens:
    """Tokenised captions."""

    ids: Tensor
    """(N, L)."""
    mask: Tensor
    """(N, L) bool, which tokens count; none of an empty caption."""

    def cut(self, length: int) -> "Tokens":
        """The first tokens of each."""
        return Tokens(self.ids[:, :length], self.mask[:, :length])


@dataclass(frozen=True)
class Batch:
    """What one training step sees."""

    clean: Tensor
    """(B, C, f, h, w), normalised."""
    noise: Tensor
    """(B, C, f, h, w)."""
    sigma: Tensor
    """(B,) in [0, 1]."""
    tokens: Tokens


@dataclass(frozen=True)
class Examples:
    """The training set as the transformer sees it: rehearsed clips, and after them the improvised ones."""

    latents: Tensor
    """(N, C, f, h, w), normalised."""
    rehearsed: int
    """How many of them are."""
    tokens: Tokens
    no_tokens: Tokens
    """Of one empty caption."""

    @classmethod
    def of(cls, rehearsed: LatentSet, improvised: LatentSet, tokenizer: T5Tokenizer) -> "Examples":
        """Normalised by the statistics of the rehearsed clips."""
        mean, std = (value.view(1, -1, 1, 1, 1) for value in rehearsed.statistics())
        data = joined([rehearsed, improvised])
        captions = tokenise(tokenizer, data.captions)
        # As many tokens in every batch, so that what is compiled serves them all.
        longest = int(captions.mask.sum(dim=1).max())
        captions, nothing = (tokens.cut(longest) for tokens in (captions, tokenise(tokenizer, [""])))
        return cls((data.latents.float() - mean) / std, len(rehearsed.captions), captions, nothing)

    def draw(self, settings: TransformerTraining, step: int) -> Batch:
        """The batch of one step; it depends on (seed, step) alone."""
        rng, size = np.random.default_rng([settings.seed, 2, step]), settings.batch
        rehearsed = rng.integers(self.rehearsed, size=size)
        dropped = torch.from_numpy(rng.uniform(size=size) < settings.caption_dropout)[:, None]
        noise = torch.from_numpy(rng.standard_normal((size, *self.latents.shape[1:]), dtype=np.float32))
        uniform = torch.from_numpy(rng.uniform(size=size).astype(np.float32))
        is_improvised = rng.uniform(size=size) < settings.course_at(step)[0].improvised_share
        improvised = rng.integers(self.rehearsed, len(self.latents), size=size)
        chosen = torch.from_numpy(np.where(is_improvised, improvised, rehearsed))
        ids, clean = torch.where(dropped, self.no_tokens.ids[0], self.tokens.ids[chosen]), self.latents[chosen]
        sigma = shift_levels(uniform, settings.noise_shift)
        return Batch(clean, noise, sigma, Tokens(ids, self.tokens.mask[chosen] & ~dropped))


def tokenise(tokenizer: T5Tokenizer, captions: list[str]) -> Tokens:
    """Token ids and attention masks; an empty caption has an empty mask, as Mochi's pipeline makes it."""
    tokens = tokenizer(captions, padding="max_length", max_length=TEXT_TOKENS, return_tensors="pt")
    ids, mask = tokens.input_ids, tokens.attention_mask.bool()
    empty = torch.tensor([caption == "" for caption in captions])
    return Tokens(torch.where(empty[:, None], 0, ids), mask & ~empty[:, None])
