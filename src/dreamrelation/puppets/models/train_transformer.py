"""Training the small Mochi's transformer together with its text encoder on the training set's latents."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from diffusers import MochiTransformer3DModel
from torch import Tensor, nn
from transformers import T5EncoderModel, T5Tokenizer

from dreamrelation.flow import add_noise
from dreamrelation.puppets.models.small_mochi import TEXT_TOKENS, small_text_encoder, small_tokenizer, small_transformer
from dreamrelation.puppets.models.training_set import TrainingSet
from dreamrelation.schedules import warmup_cosine


@dataclass(frozen=True)
class TransformerTraining:
    """Settings of the transformer's training."""

    seed: int = 0
    steps: int = 7500
    batch: int = 8
    learning_rate: float = 1.2e-3
    warmup_steps: int = 200
    caption_dropout: float = 0.1
    average_decay: float = 0.998
    """Decay per step of the moving average of the weights, which is what is kept."""


@dataclass
class TransformerState:
    """All that a stopped training needs to go on."""

    transformer: dict[str, Tensor]
    text_encoder: dict[str, Tensor]
    average: dict[str, Tensor]
    optimizer: dict
    step: int
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Tokens:
    """Tokenised captions."""

    ids: Tensor
    """(N, L)."""
    mask: Tensor
    """(N, L) bool, which tokens count; none of an empty caption."""


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
    """The training set as the transformer sees it."""

    latents: Tensor
    """(N, C, f, h, w), normalised."""
    tokens: Tokens
    no_tokens: Tokens
    """Of one empty caption."""

    @classmethod
    def of(cls, data: TrainingSet, tokenizer: T5Tokenizer) -> "Examples":
        mean, std = (value.view(1, -1, 1, 1, 1) for value in data.statistics())
        return cls((data.latents - mean) / std, tokenise(tokenizer, data.captions), tokenise(tokenizer, [""]))

    def draw(self, settings: TransformerTraining, step: int) -> Batch:
        """The batch of one step; it depends on (seed, step) alone."""
        rng = np.random.default_rng([settings.seed, 2, step])
        chosen = torch.from_numpy(rng.integers(len(self.latents), size=settings.batch))
        dropped = torch.from_numpy(rng.uniform(size=settings.batch) < settings.caption_dropout)[:, None]
        ids = torch.where(dropped, self.no_tokens.ids[0], self.tokens.ids[chosen])
        clean = self.latents[chosen]
        noise = torch.from_numpy(rng.standard_normal(tuple(clean.shape), dtype=np.float32))
        sigma = torch.from_numpy(rng.uniform(size=settings.batch).astype(np.float32))
        return Batch(clean, noise, sigma, Tokens(ids, self.tokens.mask[chosen] & ~dropped))


def tokenise(tokenizer: T5Tokenizer, captions: list[str]) -> Tokens:
    """Token ids and attention masks; an empty caption has an empty mask, as Mochi's pipeline makes it."""
    tokens = tokenizer(captions, padding="max_length", max_length=TEXT_TOKENS, return_tensors="pt")
    ids, mask = tokens.input_ids, tokens.attention_mask.bool()
    empty = torch.tensor([caption == "" for caption in captions])
    return Tokens(torch.where(empty[:, None], 0, ids), mask & ~empty[:, None])


def training_loss(transformer: MochiTransformer3DModel, text_encoder: T5EncoderModel, batch: Batch) -> Tensor:
    """Mean squared error of the velocity."""
    longest = max(int(batch.tokens.mask.sum(dim=1).max()), 1)
    ids, mask = batch.tokens.ids[:, :longest], batch.tokens.mask[:, :longest]
    text = text_encoder(ids, attention_mask=mask)[0]
    latents = add_noise(batch.clean, batch.noise, batch.sigma)
    answer = transformer(latents.noisy, text, 1000 * (1 - batch.sigma), mask, return_dict=False)[0]
    return ((answer - latents.velocity) ** 2).mean()


def fresh_models(settings: TransformerTraining) -> tuple[MochiTransformer3DModel, T5EncoderModel, T5Tokenizer]:
    """Untrained models."""
    tokenizer = small_tokenizer()
    return small_transformer(settings.seed), small_text_encoder(tokenizer, settings.seed), tokenizer


def train_transformer(
    data: TrainingSet,
    settings: TransformerTraining,
    state: TransformerState | None,
    save: Callable[[TransformerState], None],
    save_every: int = 250,
) -> tuple[MochiTransformer3DModel, T5EncoderModel, T5Tokenizer, TransformerState]:
    """Train, or go on from `state`; returns the models with their averaged weights."""
    transformer, text_encoder, tokenizer = fresh_models(settings)
    both = nn.ModuleDict({"transformer": transformer, "text_encoder": text_encoder})
    optimizer = torch.optim.AdamW(both.parameters(), lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=0.0)
    if state is None:
        average = {name: value.clone() for name, value in both.state_dict().items()}
        state = TransformerState({}, {}, average, {}, step=0)
    else:
        transformer.load_state_dict(state.transformer)
        text_encoder.load_state_dict(state.text_encoder)
        optimizer.load_state_dict(state.optimizer)
    examples = Examples.of(data, tokenizer)
    started = time.monotonic()
    while state.step < settings.steps:
        factor = warmup_cosine(state.step, settings.steps, settings.warmup_steps, floor=0.05)
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * factor
        loss = training_loss(transformer, text_encoder, examples.draw(settings, state.step))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(both.parameters(), 1.0)
        optimizer.step()
        _average(state, both, settings.average_decay)
        state.losses.append(float(loss.detach()))
        state.step += 1
        if state.step % save_every == 0 or state.step == settings.steps:
            state.transformer, state.text_encoder = transformer.state_dict(), text_encoder.state_dict()
            state.optimizer = optimizer.state_dict()
            state.seconds += time.monotonic() - started
            started = time.monotonic()
            save(state)
    both.load_state_dict(state.average)
    return transformer.eval(), text_encoder.eval(), tokenizer, state


@torch.no_grad()
def _average(state: TransformerState, model: nn.Module, most: float) -> None:
    """Move the averaged weights towards the model's; at the start they follow faster."""
    decay = min(most, (1 + state.step) / (10 + state.step))
    for name, value in model.state_dict().items():
        state.average[name].lerp_(value, 1 - decay)
