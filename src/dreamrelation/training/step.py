"""One training step: from cached clips and random draws to a loss. Knows no files and no optimizer."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dreamrelation.backbones.interface import CaptionEmbeddings, Denoiser
from dreamrelation.captions.reading import EmbeddedCaptions
from dreamrelation.captions.stage import NO_CAPTION
from dreamrelation.flow import add_noise
from dreamrelation.latents.reading import CachedClips, to_model_space
from dreamrelation.losses.contrastive import (
    ContrastiveSizes,
    RelationMemory,
    frame_features,
    relational_contrastive_loss,
)
from dreamrelation.losses.region import region_loss
from dreamrelation.randomness import generator_for
from dreamrelation.roles import ADAPTERS, active_adapters
from dreamrelation.settings.training import TrainingSettings
from dreamrelation.training.draws import StepDraw


@dataclass(frozen=True)
class StepLoss:
    """The terms of one step's loss."""

    total: Tensor
    reconstruction: Tensor
    contrastive: Tensor | None
    """None where the loss is off, does not apply to the role, or the memory holds no other clip yet."""


def adapters_of(draw: StepDraw, method: TrainingSettings) -> tuple[str, ...]:
    """Adapters that take part in a step."""
    placed = tuple(adapter for adapter in ADAPTERS if adapter in method.placement)
    return placed if draw.role is None else active_adapters(draw.role, placed)


def step_loss(
    denoiser: Denoiser,
    data: CachedClips,
    captions: EmbeddedCaptions,
    draw: StepDraw,
    method: TrainingSettings,
    memory: RelationMemory,
    seed: tuple[int, int, int],
) -> StepLoss:
    """Loss of one drawn step; the memory takes in this step's clips. `seed` is (seed, step, rank)."""
    raw = data.sample(draw.rows, draw.posterior_noise)
    clean = to_model_space(raw, denoiser, method.normalise_latents == "per_channel").to(denoiser.device)
    latents = add_noise(clean, draw.noise.to(clean), draw.sigma.to(clean))
    predicted = denoiser.velocity(latents.noisy, latents.sigma, step_captions(data, captions, draw))
    if draw.role is None:
        mask = torch.zeros_like(predicted[:, 0])
    else:
        mask = data.masks[draw.role][draw.rows].to(predicted)
    reconstruction = region_loss(predicted, latents.velocity, mask, method.mask_weight, method.mask_weighting)
    contrastive = contrast(predicted, data, draw, method, memory, seed)
    total = reconstruction if contrastive is None else reconstruction + method.contrastive.weight * contrastive
    return StepLoss(total, reconstruction, contrastive)


def step_captions(data: CachedClips, captions: EmbeddedCaptions, draw: StepDraw) -> CaptionEmbeddings:
    """Captions of the drawn clips, some of them dropped."""
    dropped = draw.drop_caption.tolist()
    texts = [NO_CAPTION if drop else data.captions[row] for row, drop in zip(draw.rows, dropped, strict=True)]
    return captions.look_up(texts)


def contrast(
    predicted: Tensor,
    data: CachedClips,
    draw: StepDraw,
    method: TrainingSettings,
    memory: RelationMemory,
    seed: tuple[int, int, int],
) -> Tensor | None:
    """Mean RCL over the batch, against a memory of earlier steps.

    It applies where the relation is learnt: in steps that draw the relation, or in all steps of a method without
    roles. In a subject's step the relation adapter is off, and the loss would teach the relation to an appearance.
    """
    settings = method.contrastive
    if settings.weight == 0 or draw.role not in ("relation", None):
        return None
    sizes = ContrastiveSizes(settings.positives, settings.negatives, settings.temperature)
    generator = generator_for("contrast", *seed)
    features = [frame_features(velocity) for velocity in predicted]
    names = [data.clips[row] for row in draw.rows]
    losses = [
        relational_contrastive_loss(feature, name, memory, sizes, generator)
        for feature, name in zip(features, names, strict=True)
    ]
    for feature, name in zip(features, names, strict=True):
        memory.remember(name, feature)
    found = [loss for loss in losses if loss is not None]
    return torch.stack(found).mean() if found else None
