"""Training the small Mochi's transformer together with its text encoder on encoded clips.

Matrices of the blocks are trained with Muon, all else with AdamW. In a first course it learns motions that have names,
in a second also to draw any pose.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from diffusers import MochiTransformer3DModel
from torch import Tensor, nn
from transformers import T5EncoderModel, T5Tokenizer

from dreamrelation.flow import add_noise
from dreamrelation.puppets.models.batched_attention import batch_attention
from dreamrelation.puppets.models.small_mochi import small_text_encoder, small_tokenizer, small_transformer
from dreamrelation.puppets.models.training_set import LatentSet
from dreamrelation.puppets.models.transformer_examples import Batch, Examples
from dreamrelation.puppets.models.transformer_settings import Course, TransformerTraining
from dreamrelation.schedules import warmup_hold_decay


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
