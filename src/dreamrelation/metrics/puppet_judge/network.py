"""The puppet judge: a small network that says which motion a clip shows, who stands on either side, and who acts.

A convolutional encoder reads each frame by itself; its features also serve the temporal consistency. Convolutions in
time over them, and over how much changes between frames, tell the motions apart. There is no batch norm, so a clip's
verdict never depends on its neighbours.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDES = ("left", "right")
"""The classes of who acts, in the order of their outputs."""


@dataclass(frozen=True)
class Architecture:
    """What the network is."""

    motions: tuple[str, ...]
    """Names of the classes of motion; those that are relations bear the relation's slug."""
    kinds: tuple[str, ...]
    """Names of the classes of figure."""
    size: tuple[int, int]
    """Height and width in pixels of the frames that it is trained on; even."""
    channels: tuple[int, ...]
    """Of the encoder's three convolutions; their strides are 2, 2, 1 after a 2 × 2 unshuffle."""
    features: int
    """Numbers that describe one frame."""
    actor_width: int | None
    """Hidden width of the head that tells who acts; None: the judge cannot tell."""


@dataclass(frozen=True)
class Verdict:
    """What the network says of B clips, before any softmax."""

    frame_features: Tensor
    """(B, F, D)."""
    motion: Tensor
    """(B, motions)."""
    kinds: Tensor
    """(B, 2, kinds), the figure on the left and the one on the right."""
    actor: Tensor | None
    """(B, 2), in the order of SIDES; it means nothing where the motion has no actor. None: the judge cannot tell."""


def _normed(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(min(8, channels), channels)


class FrameEncoder(nn.Module):
    """(N, 3, H, W) in [-1, 1] → (N, D). Any size: the last map is averaged to 4 × 6 places."""

    places = (4, 6)

    def __init__(self, channels: tuple[int, ...], features: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.PixelUnshuffle(2)]
        before = 12
        for width, stride in zip(channels, (2, 2, 1), strict=True):
            layers += [nn.Conv2d(before, width, 3, stride, 1, bias=False), _normed(width), nn.SiLU()]
            before = width
        self.layers = nn.Sequential(*layers)
        self.project = nn.Linear(before * self.places[0] * self.places[1], features)

    def maps(self, frames: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, C, 4, 6)."""
        return functional.adaptive_avg_pool2d(self.layers(frames), self.places)

    def forward(self, frames: Tensor) -> Tensor:
        return self.project(self.maps(frames).flatten(1))


class Stir(nn.Module):
    """How much changes from the frame before, and where: (B, 3, F, H, W) → (B, D, F); nothing before the first frame.

    A still of a handshake differs from a slow handshake by little else.
    """

    places = FrameEncoder.places

    def __init__(self, features: int) -> None:
        super().__init__()
        self.project = nn.Linear(self.places[0] * self.places[1], features)

    def forward(self, video: Tensor) -> Tensor:
        before = torch.cat([video[:, :, :1], video[:, :, :-1]], dim=2)
        # Averaged over 4 × 4 pixels before the sign is dropped: that is what grain does not survive.
        change = functional.avg_pool3d(video - before, (1, 4, 4), ceil_mode=True).abs().mean(dim=1)
        places = functional.adaptive_avg_pool2d(change, self.places).flatten(2)
        return self.project((places + 1e-3).log()).transpose(1, 2)


class TemporalBlock(nn.Module):
    """Residual convolution over (B, D, F), looking `dilation` frames back and ahead."""

    def __init__(self, features: int, dilation: int) -> None:
        super().__init__()
        self.norm = _normed(features)
        self.mix = nn.Conv1d(features, features, 3, padding=dilation, dilation=dilation)

    def forward(self, series: Tensor) -> Tensor:
        return series + self.mix(functional.silu(self.norm(series)))


class ActorHead(nn.Module):
    """`PuppetJudge.actor_features` (B, A) → (B, 2), in the order of SIDES."""

    def __init__(self, architecture: Architecture, width: int) -> None:
        super().__init__()
        places = FrameEncoder.places[0] * FrameEncoder.places[1]
        inputs = 2 * architecture.features + 2 * architecture.channels[-1] * places
        self.width = width
        self.layers = nn.Sequential(
            nn.Dropout(0.3), nn.Linear(inputs, width), nn.SiLU(), nn.Dropout(0.3), nn.Linear(width, len(SIDES))
        )

    def forward(self, features: Tensor) -> Tensor:
        return self.layers(features)


@dataclass(frozen=True)
class Sight:
    """What the heads read of B clips."""

    maps: Tensor
    """(B, F, C, 4, 6), of the encoder."""
    frame_features: Tensor
    """(B, F, D)."""
    movement: Tensor
    """(B, 2D), what tells the motion."""

    @property
    def actor_features(self) -> Tensor:
        """(B, A): the movement, and the maps' mean and standard deviation over time, which keep the places.

        The movement alone does for renders; of clips that a model drew, the places tell the actor more reliably.
        """
        places = [self.maps.mean(dim=1).flatten(1), self.maps.std(dim=1, correction=0).flatten(1)]
        return torch.cat([self.movement, *places], dim=1)


class PuppetJudge(nn.Module):
    """Video (B, 3, F, H, W) in [-1, 1], H and W even → Verdict."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        width = architecture.features
        self.architecture = architecture
        self.encoder = FrameEncoder(architecture.channels, width)
        self.stir = Stir(width)
        self.time = nn.Sequential(*(TemporalBlock(width, dilation) for dilation in (1, 2, 4)))
        self.motion = nn.Linear(2 * width, len(architecture.motions))
        self.kinds = nn.Linear(2 * width, 2 * len(architecture.kinds))
        self.actor = None if architecture.actor_width is None else ActorHead(architecture, architecture.actor_width)

    def forward(self, video: Tensor) -> Verdict:
        if video.ndim != 5 or video.shape[1] != 3 or video.shape[3] % 2 or video.shape[4] % 2:
            raise ValueError(f"the judge found a video {tuple(video.shape)}, expected (B, 3, F, H, W), H and W even")
        sight = self._look(video)
        kinds = self.kinds(_over_time(functional.silu(sight.frame_features.transpose(1, 2))))
        return Verdict(
            frame_features=sight.frame_features,
            motion=self.motion(sight.movement),
            kinds=kinds.unflatten(1, (2, -1)),
            actor=None if self.actor is None else self.actor(sight.actor_features),
        )

    def movement(self, video: Tensor) -> Tensor:
        """What the head for the motion reads: (B, 3, F, H, W) → (B, 2D)."""
        return self._look(video).movement

    def actor_features(self, video: Tensor) -> Tensor:
        """What the head for who acts reads: (B, 3, F, H, W) → (B, A)."""
        return self._look(video).actor_features

    def _look(self, video: Tensor) -> Sight:
        each = (video.shape[0], video.shape[2])
        maps = self.encoder.maps(video.transpose(1, 2).flatten(0, 1))
        features = self.encoder.project(maps.flatten(1)).unflatten(0, each)
        movement = _over_time(self.time(features.transpose(1, 2) + self.stir(video)))
        return Sight(maps.unflatten(0, each), features, movement)


def _over_time(series: Tensor) -> Tensor:
    """(B, D, F) → (B, 2D): mean and maximum, so that a brief blow counts as much as a long walk."""
    return torch.cat([series.mean(dim=2), series.amax(dim=2)], dim=1)


def new_judge(
    motions: tuple[str, ...], kinds: tuple[str, ...], seed: int, size: tuple[int, int] = (64, 96)
) -> PuppetJudge:
    """An untrained judge for these classes and frames of this height and width, about 0.5 M parameters.

    It cannot tell who acts: `with_actor_head` adds that once the rest is trained.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return PuppetJudge(Architecture(motions, kinds, size, channels=(48, 64, 96), features=128, actor_width=None))


def new_actor_head(judge: PuppetJudge, seed: int) -> ActorHead:
    """An untrained head for this judge, about 0.16 M parameters."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ActorHead(judge.architecture, width=32)


def with_actor_head(judge: PuppetJudge, head: ActorHead) -> PuppetJudge:
    """The judge with this head for who acts, in place of the one that it may have; the rest is copied as it is."""
    headed = PuppetJudge(replace(judge.architecture, actor_width=head.width))
    rest = {name: tensor for name, tensor in judge.state_dict().items() if not name.startswith("actor.")}
    headed.load_state_dict(rest | {f"actor.{name}": tensor for name, tensor in head.state_dict().items()})
    return headed.train(judge.training)
