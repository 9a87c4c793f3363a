"""Training the small Mochi's transformer together with its text encoder on encoded clips.

Matrices of the blocks are trained with Muon, all else with AdamW. In a first course it learns motions that have names,
in a second also to draw any pose.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from diffusers import MochiTransformer3DModel
from torch import Tensor, nn
from transformers import T5EncoderModel, T5Tokenizer

from dreamrelation.flow import add_noise, shift_levels
from dreamrelation.puppets.models.batched_attention import batch_attention
from dreamrelation.puppets.models.small_mochi import TEXT_TOKENS, small_text_encoder, small_tokenizer, small_transformer
from dreamrelation.puppets.models.training_set import LatentSet, joined
from dreamrelation.schedules import warmup_hold_decay


@dataclass(frozen=True)
class Course:
    """A part of the training, with rates of its own."""

    steps: int
    decay_steps: int
    """The last steps, over which the rates fall to nothing."""
    matrix_learning_rate: float
    """Of Muon, scaled so that its updates are as large as AdamW's."""
    learning_rate: float
    """Of AdamW."""
    improvised_share: float = 0.0
    """How many of the clips are improvised, all others rehearsed."""
    warmup_steps: int = 200


@dataclass(frozen=True)
class TransformerTraining:
    """Settings of the transformer's training."""

    seed: int = 0
    courses: tuple[Course, ...] = (
        Course(steps=30_000, decay_steps=8000, matrix_learning_rate=5e-3, learning_rate=1.2e-3),
        Course(steps=12_000, decay_steps=6000, matrix_learning_rate=3e-3, learning_rate=7e-4, improvised_share=0.5),
    )
    """Each starts from the averaged weights of the one before, with optimizers of its own."""
    batch: int = 16
    noise_shift: float = 1.5
    """By how much uniform noise levels are pushed towards noise: who stands where is decided there."""
    caption_dropout: float = 0.1
    average_decay: float = 0.999
    """Decay per step of the moving average of the weights, which is what is kept."""
    compiled: bool = True
    """Compile the transformer where there is a C++ compiler: a quarter less time, and the same but for rounding."""

    @property
    def steps(self) -> int:
        """Of all courses."""
        return sum(course.steps for course in self.courses)

    def course_at(self, step: int) -> tuple[Course, int]:
        """The course of a step, and how many of its steps were done before."""
        for course in self.courses:
            if step < course.steps:
                return course, step
            step -= course.steps
        raise IndexError(f"{self.steps} steps, and no step {self.steps + step}")


@dataclass
class TransformerState:
    """All that a stopped training needs to go on."""

    transformer: dict[str, Tensor]
    text_encoder: dict[str, Tensor]
    average: dict[str, Tensor]
    optimizers: list[dict]
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


def training_loss(transformer: Callable[..., Any], text_encoder: T5EncoderModel, batch: Batch) -> Tensor:
    """Mean squared error of the velocity."""
    text = text_encoder(batch.tokens.ids, attention_mask=batch.tokens.mask)[0]
    latents = add_noise(batch.clean, batch.noise, batch.sigma)
    times = 1000 * (1 - batch.sigma)
    answer = transformer(latents.noisy, text, times, batch.tokens.mask, return_dict=False)[0]
    return ((answer - latents.velocity) ** 2).mean()


def fresh_models(settings: TransformerTraining) -> tuple[MochiTransformer3DModel, T5EncoderModel, T5Tokenizer]:
    """Untrained models."""
    tokenizer = small_tokenizer()
    return small_transformer(settings.seed), small_text_encoder(tokenizer, settings.seed), tokenizer


def new_optimizers(models: nn.Module, course: Course) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the blocks of both models, AdamW for the rest."""
    inner = {
        name: parameter
        for name, parameter in models.named_parameters()
        if parameter.ndim == 2 and (".transformer_blocks." in name or ".block." in name) and "_bias" not in name
    }
    rest = [parameter for name, parameter in models.named_parameters() if name not in inner]
    return [
        torch.optim.Muon(
            inner.values(), lr=course.matrix_learning_rate, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"
        ),
        torch.optim.AdamW(rest, lr=course.learning_rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def train_transformer(
    rehearsed: LatentSet,
    improvised: LatentSet,
    settings: TransformerTraining,
    state: TransformerState | None,
    save: Callable[[TransformerState], None],
    save_every: int = 250,
) -> tuple[MochiTransformer3DModel, T5EncoderModel, T5Tokenizer, TransformerState]:
    """Train, or go on from `state`; returns the models with their averaged weights."""
    transformer, text_encoder, tokenizer = fresh_models(settings)
    batch_attention(transformer)
    both = nn.ModuleDict({"transformer": transformer, "text_encoder": text_encoder})
    if state is None:
        average = {name: value.clone() for name, value in both.state_dict().items()}
        state = TransformerState({}, {}, average, [], step=0)
    compiled = settings.compiled and shutil.which("g++") is not None
    run: Callable[..., Any] = torch.compile(transformer, dynamic=False) if compiled else transformer
    examples = Examples.of(rehearsed, improvised, tokenizer)
    optimizers: list[torch.optim.Optimizer] = []
    started = time.monotonic()
    while state.step < settings.steps:
        course, done = settings.course_at(state.step)
        if not optimizers or done == 0:
            optimizers = new_optimizers(both, course)
            _begin(state, done, transformer, text_encoder, optimizers)
        factor = warmup_hold_decay(done, course.steps, course.warmup_steps, course.decay_steps)
        for optimizer, rate in zip(optimizers, (course.matrix_learning_rate, course.learning_rate), strict=True):
            optimizer.param_groups[0]["lr"] = rate * factor
        loss = training_loss(run, text_encoder, examples.draw(settings, state.step))
        both.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(both.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        _average(state, both, settings.average_decay)
        state.losses.append(float(loss.detach()))
        state.step += 1
        if state.step % save_every == 0 or state.step == settings.steps:
            state.transformer, state.text_encoder = transformer.state_dict(), text_encoder.state_dict()
            state.optimizers = [optimizer.state_dict() for optimizer in optimizers]
            state.seconds += time.monotonic() - started
            started = time.monotonic()
            save(state)
    both.load_state_dict(state.average)
    return transformer.eval(), text_encoder.eval(), tokenizer, state


def _begin(
    state: TransformerState,
    done: int,
    transformer: MochiTransformer3DModel,
    text_encoder: T5EncoderModel,
    optimizers: list[torch.optim.Optimizer],
) -> None:
    """Bring the models to where the state is: in the middle of a course, or at its begin, at the averaged weights."""
    if done == 0:
        nn.ModuleDict({"transformer": transformer, "text_encoder": text_encoder}).load_state_dict(state.average)
        return
    transformer.load_state_dict(state.transformer)
    text_encoder.load_state_dict(state.text_encoder)
    for optimizer, saved in zip(optimizers, state.optimizers, strict=True):
        optimizer.load_state_dict(saved)


@torch.no_grad()
def _average(state: TransformerState, model: nn.Module, most: float) -> None:
    """Move the averaged weights towards the model's; at the start they follow faster."""
    decay = min(most, (1 + state.step) / (10 + state.step))
    for name, value in model.state_dict().items():
        state.average[name].lerp_(value, 1 - decay)
