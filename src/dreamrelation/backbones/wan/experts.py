"""The two transformers of Wan 2.2 A14B, one for high noise and one for low."""

import torch
from torch import Tensor, nn

from dreamrelation.backbones.interface import TextEmbeddings
from dreamrelation.backbones.wan.denoiser import EXPERTS, TIMESTEPS, WanDenoiser
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings


class TwoExpertsDenoiser(WanDenoiser):
    """Two transformers, frozen, of which each noise level has its own. See `interface.Denoiser`.

    `module` holds both, so that adapters are placed in both, and a step trains those of the expert that answered it.
    Both stay on the device.
    """

    experts = EXPERTS

    def _opened(self, settings: ModelSettings, machine: MachineSettings) -> nn.Module:
        return nn.ModuleDict({name: self._transformer(name, settings, machine) for name in EXPERTS})

    def velocity(
        self, noisy: Tensor, sigma: Tensor, texts: TextEmbeddings, embedded_guidance: float | None = None
    ) -> Tensor:
        assert self.boundary is not None
        high = (TIMESTEPS * sigma >= TIMESTEPS * self.boundary).cpu()
        rows = [chosen.nonzero()[:, 0] for chosen in (high, ~high)]
        answers = [
            self._answer(self.module.get_submodule(name), noisy[own], sigma[own], texts.rows(own))
            for name, own in zip(EXPERTS, rows, strict=True)
            if len(own)
        ]
        return torch.cat(answers)[torch.cat(rows).argsort()]
