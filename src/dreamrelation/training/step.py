"""One forward pass of a training: from cached clips and random draws to a loss. Knows no files and no optimizer."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dreamrelation.backbones.interface import Denoiser, TextEmbeddings
from dreamrelation.flow import add_noise, shift_levels
from dreamrelation.latents.cache import CachedClips, to_model_space
from dreamrelation.methods.interface import PredictedStep, StepLoss, TrainedMethod
from dreamrelation.roles import Role
from dreamrelation.texts.cache import NO_TEXT
from dreamrelation.training.draws import PassDraw, PassId


@dataclass(frozen=True)
class TrainingSetup:
    """What a training learns from: the frozen model, the clips, and the method that looks at them."""

    denoiser: Denoiser
    data: CachedClips
    method: TrainedMethod
    normalise: bool
    """Whether latents are noised in the transformer's space; the released code noises the raw ones."""
    noise_shift: float
    """By how much the method's noise levels are pushed towards noise; 1: not at all."""
    whole_batch: bool = False
    """Whether each of several processes sees all clips of a batch, and has its share of their tokens."""


@dataclass(frozen=True)
class PreparedPass:
    """All of a pass that does not depend on what was learnt so far, on the CPU; pinned where a GPU will take it."""

    pass_id: PassId
    draw: PassDraw
    """Of this process."""
    all_rows: list[int]
    """(processes · B,) rows of the cached clips, of all processes in order."""
    clean: Tensor
    """(B, C, f, h, w) a draw from the clips' posteriors, as the transformer sees latents."""
    masks: dict[Role, Tensor]
    """(B, f, h, w)."""


def prepare(
    setup: TrainingSetup, pass_id: PassId, whole: PassDraw, process: int = 0, processes: int = 1
) -> PreparedPass:
    """Prepare this process's share of a drawn pass; touches no model, so it can be done while the one before runs."""
    data, draw = setup.data, whole.share(process, processes)
    clean = to_model_space(data.sample(draw.rows, draw.posterior_noise), setup.denoiser, setup.normalise)
    masks = data.masks_of(draw.rows)
    if setup.denoiser.device.type == "cuda":
        draw, clean = draw.pinned(), clean.pin_memory()
        masks: dict[Role, Tensor] = {role: mask.pin_memory() for role, mask in masks.items()}
    return PreparedPass(pass_id, draw, whole.rows, clean, masks)


def pass_loss(setup: TrainingSetup, prepared: PreparedPass, role: Role | None) -> StepLoss:
    """Loss of one pass; the method may take its clips into its memory."""
    denoiser, method, draw = setup.denoiser, setup.method, prepared.draw

    def moved(values: Tensor) -> Tensor:
        return values.to(denoiser.device, torch.float32, non_blocking=True)

    sigma = moved(shift_levels(method.noise_levels(draw.uniform), setup.noise_shift))
    latents = add_noise(moved(prepared.clean), moved(draw.noise), sigma)
    predicted = denoiser.velocity(latents.noisy, latents.sigma, pass_texts(setup, draw))
    return method.loss(
        PredictedStep(
            predicted=predicted,
            target=latents.velocity,
            noisy=latents.noisy,
            sigma=latents.sigma,
            role=role,
            clips=[setup.data.clips[row] for row in prepared.all_rows],
            masks=prepared.masks,
            randomness=(prepared.pass_id.seed, *prepared.pass_id.key),
        )
    )


def pass_texts(setup: TrainingSetup, draw: PassDraw) -> TextEmbeddings:
    """The texts of the drawn clips, some of them dropped."""
    captions = [setup.method.training_text(setup.data.captions[row]) for row in draw.rows]
    dropped = draw.drop_caption.tolist()
    return setup.method.condition([NO_TEXT if drop else text for text, drop in zip(captions, dropped, strict=True)])
