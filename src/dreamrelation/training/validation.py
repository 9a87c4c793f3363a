"""Losses of clips from which nothing is learnt, by noise level: the same noise each time, so that they can be compared.

Nothing is sampled. What generation leaves on answers; the loss is the plain one of the velocity, whatever a method is
trained with, so that methods can be compared too. Neither the draws of the training nor a method's memory are touched.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dreamrelation.flow import add_noise
from dreamrelation.latents.cache import CachedClips, to_model_space
from dreamrelation.randomness import generator_for
from dreamrelation.training.step import TrainingSetup

LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Noise levels, the middle of five equal bands."""


@dataclass(frozen=True)
class Validation:
    """The clips that are held out, and after how many steps they are looked at."""

    setup: TrainingSetup
    """That of the training, with these clips as its data."""
    every: int
    seed: int

    @staticmethod
    def of(setup: TrainingSetup, clips: CachedClips, every: int, seed: int) -> "Validation":
        return Validation(replace(setup, data=clips), every, seed)

    def due(self, steps_done: int, steps: int) -> bool:
        """Whether it is time: every n-th step, and the last."""
        return steps_done % self.every == 0 or steps_done == steps

    @torch.no_grad()
    def losses(self) -> dict[str, Tensor]:
        """Noise level, such as "0.3" → mean squared error of the velocity over all clips, on the device."""
        self.setup.method.activate_as_used()
        found = {level: [self._error(row, level) for row in range(len(self.setup.data))] for level in LEVELS}
        return {f"{level:g}": torch.stack(errors).mean() for level, errors in found.items()}

    def _error(self, row: int, level: float) -> Tensor:
        setup, data = self.setup, self.setup.data
        shape = (1, *data.mean.shape[1:])
        posterior, noise = (
            torch.randn(shape, generator=generator_for(self.seed, f"validation {purpose}", row))
            for purpose in ("posterior", "noise")
        )
        device = setup.denoiser.device
        clean = to_model_space(data.sample([row], posterior), setup.denoiser, setup.normalise).to(device)
        latents = add_noise(clean, noise.to(clean), torch.full((1,), level).to(clean))
        texts = setup.method.condition([setup.method.training_text(data.captions[row])])
        predicted = setup.denoiser.velocity(latents.noisy, latents.sigma, texts)
        return (predicted - latents.velocity).square().mean()
