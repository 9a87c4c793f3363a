"""One forward pass of a training: from cached clips and random draws to a loss. Knows no files and no optimizer."""

from dataclasses import dataclass

from dreamrelation.backbones.interface import Denoiser, TextEmbeddings
from dreamrelation.flow import add_noise
from dreamrelation.latents.cache import CachedClips, to_model_space
from dreamrelation.methods.interface import Method, PredictedStep, StepLoss
from dreamrelation.roles import Role
from dreamrelation.texts.cache import NO_TEXT
from dreamrelation.training.draws import Moment, PassDraw


@dataclass(frozen=True)
class Lesson:
    """What a training learns from: the frozen model, the clips, and the method that looks at them."""

    denoiser: Denoiser
    data: CachedClips
    method: Method
    normalise: bool
    """Whether latents are noised in the transformer's space; the released code noises the raw ones."""


def pass_loss(lesson: Lesson, draw: PassDraw, role: Role | None, moment: Moment) -> StepLoss:
    """Loss of one drawn pass; the method may take its clips into its memory."""
    denoiser, data, method = lesson.denoiser, lesson.data, lesson.method
    raw = data.sample(draw.rows, draw.posterior_noise)
    clean = to_model_space(raw, denoiser, lesson.normalise).to(denoiser.device)
    sigma = method.noise_levels(draw.uniform)
    latents = add_noise(clean, draw.noise.to(clean), sigma.to(clean))
    predicted = denoiser.velocity(latents.noisy, latents.sigma, pass_texts(lesson, draw))
    return method.loss(
        PredictedStep(
            predicted=predicted,
            target=latents.velocity,
            sigma=latents.sigma,
            role=role,
            clips=[data.clips[row] for row in draw.rows],
            masks={name: masks[draw.rows].to(predicted) for name, masks in data.masks.items()},
            randomness=(moment.seed, *moment.key),
        )
    )


def pass_texts(lesson: Lesson, draw: PassDraw) -> TextEmbeddings:
    """The texts of the drawn clips, some of them dropped."""
    captions = [lesson.method.training_text(lesson.data.captions[row]) for row in draw.rows]
    dropped = draw.drop_caption.tolist()
    return lesson.method.condition([NO_TEXT if drop else text for text, drop in zip(captions, dropped, strict=True)])
