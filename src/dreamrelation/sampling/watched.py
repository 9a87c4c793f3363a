"""A denoiser that tells of each of its answers, so that a sampling can be followed and stopped."""

from collections.abc import Callable

import torch
from torch import Tensor

from dreamrelation.backbones.interface import Denoiser, TextEmbeddings


class WatchedDenoiser:
    """Answers as the one that is watched does; the sampler asks once a step. See `interface.Denoiser`."""

    def __init__(self, watched: Denoiser, answered: Callable[[], None]) -> None:
        """`answered` is called when an answer is there; what it raises ends the sampling."""
        self.watched, self.answered = watched, answered
        self.spec, self.module, self.fingerprint = watched.spec, watched.module, watched.fingerprint
        self.device, self.dtype, self.channels = watched.device, watched.dtype, watched.channels
        self.text_width, self.pooled_width = watched.text_width, watched.pooled_width

    def velocity(
        self, noisy: Tensor, sigma: Tensor, texts: TextEmbeddings, embedded_guidance: float | None = None
    ) -> Tensor:
        answer = self.watched.velocity(noisy, sigma, texts, embedded_guidance)
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)  # otherwise the answer is only promised, and the steps run ahead of it
        self.answered()
        return answer

    def normalise(self, latents: Tensor) -> Tensor:
        return self.watched.normalise(latents)

    def denormalise(self, latents: Tensor) -> Tensor:
        return self.watched.denormalise(latents)
