"""What one forward pass draws at random, derived from (seed, purpose, step, …) so that a resumed run repeats itself."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dreamrelation.latents.cache import CachedClips
from dreamrelation.randomness import generator_for
from dreamrelation.roles import Role


@dataclass(frozen=True)
class PassId:
    """Which forward pass of a training this is."""

    seed: int
    step: int
    part: int = 0
    """Within a step whose gradients are accumulated."""

    @property
    def key(self) -> tuple[int, ...]:
        """What random numbers of this pass are derived from, beside their purpose and the seed; on all processes."""
        return (self.step, 0, *((self.part,) if self.part else ()))


@dataclass(frozen=True)
class PassDraw:
    """The random choices of one forward pass, of all processes together or of one."""

    rows: list[int]
    """(B,) rows of the cached clips, without repetition where there are enough."""
    posterior_noise: Tensor
    """(B, C, f, h, w) for the fresh draw from the VAE's posterior."""
    noise: Tensor
    """(B, C, f, h, w) ε."""
    uniform: Tensor
    """(B,) uniform in [0, 1), of which the method makes noise levels."""
    drop_caption: Tensor
    """(B,) bool."""

    def share(self, process: int, processes: int) -> "PassDraw":
        """What one of several processes has of it: the same batch is drawn however many they are."""
        size = len(self.rows) // processes
        own = slice(process * size, (process + 1) * size)
        return PassDraw(
            self.rows[own], self.posterior_noise[own], self.noise[own], self.uniform[own], self.drop_caption[own]
        )

    def pinned(self) -> "PassDraw":
        """The same in memory from which a GPU takes it without the host waiting."""
        return replace(self, noise=self.noise.pin_memory(), uniform=self.uniform.pin_memory())


def draw_role(roles: tuple[Role, ...], seed: int, step: int) -> Role | None:
    """One of the roles, uniformly; the same on every process. None where there are none."""
    if not roles:
        return None
    return roles[int(torch.randint(len(roles), (1,), generator=generator_for(seed, "role", step)))]


def draw_pass(data: CachedClips, pass_id: PassId, batch_size: int, caption_dropout: float) -> PassDraw:
    """Draw one forward pass."""

    def generator(purpose: str) -> torch.Generator:
        return generator_for(pass_id.seed, purpose, *pass_id.key)

    clips = generator("clips")
    rows: list[int] = []
    while len(rows) < batch_size:
        rows += torch.randperm(len(data), generator=clips).tolist()
    shape = (batch_size, *data.mean.shape[1:])
    return PassDraw(
        rows=rows[:batch_size],
        posterior_noise=torch.randn(shape, generator=generator("posterior")),
        noise=torch.randn(shape, generator=generator("noise")),
        uniform=torch.rand(batch_size, generator=generator("sigma")),
        drop_caption=torch.rand(batch_size, generator=generator("dropout")) < caption_dropout,
    )
