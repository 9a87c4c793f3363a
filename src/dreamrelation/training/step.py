"""One forward pass of a training: from cached clips and random draws to a loss. Knows no files and no optimizer."""

from dataclasses import dataclass

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


def pass_loss(setup: TrainingSetup, draw: PassDraw, role: Role | None, pass_id: PassId) -> StepLoss:
    """Loss of one drawn pass; the method may take its clips into its memory."""
    denoiser, data, method = setup.denoiser, setup.data, setup.method
    raw = data.sample(draw.rows, draw.posterior_noise)
    clean = to_model_space(raw, denoiser, setup.normalise).to(denoiser.device)
    sigma = shift_levels(method.noise_levels(draw.uniform), setup.noise_shift)
    latents = add_noise(clean, draw.noise.to(clean), sigma.to(clean))
    predicted = denoiser.velocity(latents.noisy, latents.sigma, pass_texts(setup, draw))
    return method.loss(
        PredictedStep(
            predicted=predicted,
            target=latents.velocity,
            noisy=latents.noisy,
            sigma=latents.sigma,
            role=role,
            clips=[data.clips[row] for row in draw.rows],
            masks={name: masks[draw.rows] for name, masks in data.masks.items()},
            randomness=(pass_id.seed, *pass_id.key),
        )
    )


def pass_texts(setup: TrainingSetup, draw: PassDraw) -> TextEmbeddings:
    """The texts of the drawn clips, some of them dropped."""
    captions = [setup.method.training_text(setup.data.captions[row]) for row in draw.rows]
    dropped = draw.drop_caption.tolist()
    return setup.method.condition([NO_TEXT if drop else text for text, drop in zip(captions, dropped, strict=True)])
