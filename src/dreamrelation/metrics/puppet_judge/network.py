"""The puppet judge: a small network that says which motion a clip shows, who stands on either side, and who acts.

A convolutional encoder reads each frame by itself; its features also serve the temporal consistency. Convolutions in
time over them, and over how much changes between frames, tell the motions apart. There is no batch norm, so a clip's
verdict never depends on its neighbours.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from dreamrelation.errors import UserError
from dreamrelation.files import appearing
from dreamrelation.metrics.puppet_judge.settings import FACTS, WEIGHTS

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

    def forward(self, frames: Tensor) -> Tensor:
        maps = functional.adaptive_avg_pool2d(self.layers(frames), self.places)
        return self.project(maps.flatten(1))


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
        self.actor = None if architecture.actor_width is None else actor_head(width, architecture.actor_width)

    def forward(self, video: Tensor) -> Verdict:
        if video.ndim != 5 or video.shape[1] != 3 or video.shape[3] % 2 or video.shape[4] % 2:
            raise ValueError(f"the judge found a video {tuple(video.shape)}, expected (B, 3, F, H, W), H and W even")
        features = self._frame_features(video)
        series = features.transpose(1, 2)
        acted = self._acted(series, video)
        kinds = self.kinds(_over_time(functional.silu(series)))
        actor = None if self.actor is None else self.actor(acted)
        return Verdict(features, self.motion(acted), kinds.unflatten(1, (2, -1)), actor)

    def acted(self, video: Tensor) -> Tensor:
        """What tells the motion and who acts: (B, 3, F, H, W) → (B, 2D)."""
        return self._acted(self._frame_features(video).transpose(1, 2), video)

    def _frame_features(self, video: Tensor) -> Tensor:
        return self.encoder(video.transpose(1, 2).flatten(0, 1)).unflatten(0, (video.shape[0], video.shape[2]))

    def _acted(self, series: Tensor, video: Tensor) -> Tensor:
        return _over_time(self.time(series + self.stir(video)))


def actor_head(features: int, width: int) -> nn.Sequential:
    """(B, 2D) → (B, 2), in the order of SIDES."""
    return nn.Sequential(nn.Linear(2 * features, width), nn.SiLU(), nn.Linear(width, len(SIDES)))


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


def new_actor_head(judge: PuppetJudge, seed: int) -> nn.Sequential:
    """An untrained head for this judge, which does not have it yet."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return actor_head(judge.architecture.features, width=64)


def with_actor_head(judge: PuppetJudge, head: nn.Sequential) -> PuppetJudge:
    """The judge with this head for who acts, in place of the one that it may have; the rest is copied as it is."""
    headed = PuppetJudge(replace(judge.architecture, actor_width=head[0].out_features))
    rest = {name: tensor for name, tensor in judge.state_dict().items() if not name.startswith("actor.")}
    headed.load_state_dict(rest | {f"actor.{name}": tensor for name, tensor in head.state_dict().items()})
    return headed.train(judge.training)


def save_judge(folder: Path, judge: PuppetJudge, report: dict[str, Any]) -> None:
    """Write `judge.safetensors` and `judge.json` (architecture, class names, how it was trained, held-out accuracy).

    An architecture in the report, as in that of an earlier state, gives way to this judge's.
    """
    facts = report | {"architecture": asdict(judge.architecture)}
    with appearing(folder / WEIGHTS) as beside:
        save_file({name: tensor.contiguous() for name, tensor in judge.state_dict().items()}, beside)
    with appearing(folder / FACTS) as beside:
        beside.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def load_judge(folder: Path) -> tuple[PuppetJudge, dict[str, Any]]:
    """The judge in evaluation mode, and the content of its `judge.json`.

    Raises UserError that names the file which is missing or broken, or where the two files do not fit each other.
    """
    for name in (FACTS, WEIGHTS):
        if not (folder / name).is_file():
            raise UserError(f"{folder / name}: no such file, expected the judge that the metric's settings name")
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        judge = PuppetJudge(_architecture(facts["architecture"]))
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise UserError(f"{folder / FACTS}: not the description of a judge: {error!r}") from None
    try:
        weights = load_file(folder / WEIGHTS)
    except SafetensorError as error:
        raise UserError(f"{folder / WEIGHTS}: cannot be read: {error}") from None
    expected = {name: tuple(tensor.shape) for name, tensor in judge.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if found != expected:
        name = sorted(set(found.items()) ^ set(expected.items()))[0][0]
        raise UserError(f"{folder / WEIGHTS}: tensor {name!r}: found {found.get(name)}, expected {expected.get(name)}")
    judge.load_state_dict(weights)
    return judge.eval(), facts


def _architecture(stored: dict[str, Any]) -> Architecture:
    """From JSON, which knows no tuples. Judges of before there were actor heads do not mention theirs."""
    return Architecture(
        motions=tuple(stored["motions"]),
        kinds=tuple(stored["kinds"]),
        size=(stored["size"][0], stored["size"][1]),
        channels=tuple(stored["channels"]),
        features=stored["features"],
        actor_width=stored.get("actor_width"),
    )
