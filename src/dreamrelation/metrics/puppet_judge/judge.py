"""The judge at work: a trained network asked about single videos."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from dreamrelation.errors import UserError
from dreamrelation.files import file_sha256
from dreamrelation.metrics.interface import Confusion
from dreamrelation.metrics.puppet_judge.network import SIDES, PuppetJudge
from dreamrelation.metrics.puppet_judge.settings import FACTS, WEIGHTS
from dreamrelation.metrics.puppet_judge.storage import load_judge

HELD_OUT = {
    "held_out_accuracy": "held-out clips",
    "held_out_accuracy_round_trip": "held-out clips after the autoencoder's round trip",
    "held_out_accuracy_degraded": "held-out clips, degraded",
}
"""What the facts may tell of clips that the judge has not seen: key → in words."""


@dataclass(frozen=True)
class Opinion:
    """What the judge thinks of one video."""

    frame_features: Tensor
    """(F, D)."""
    motions: dict[str, float]
    """Probability of each class of motion."""
    left_kinds: dict[str, float]
    """Probability of each kind of figure, of the one on the left."""
    right_kinds: dict[str, float]
    actors: dict[str, float]
    """Probability of either side, "left" and "right", that its figure does it to the other. It means nothing where the
    motion has no actor. Empty: the judge cannot tell."""

    @property
    def motion(self) -> str:
        """The likeliest motion."""
        return _likeliest(self.motions)

    @property
    def left(self) -> str:
        """The likeliest kind of the figure on the left."""
        return _likeliest(self.left_kinds)

    @property
    def right(self) -> str:
        return _likeliest(self.right_kinds)

    @property
    def actor(self) -> str | None:
        """The likeliest side of the one who acts; None: the judge cannot tell."""
        return _likeliest(self.actors) if self.actors else None

    @property
    def in_words(self) -> str:
        """Such as "shaking hands (0.93)"."""
        return f"{self.motion.replace('_', ' ')} ({self.motions[self.motion]:.2f})"


def _likeliest(shares: dict[str, float]) -> str:
    return max(shares, key=lambda name: shares[name])


class Judge:
    """A trained network with its facts. It is small and stays on the CPU, so that its scores are those of any machine.

    Frames of another size than its own are resized for it. Raises UserError where a file is missing or does not fit.
    """

    def __init__(self, folder: Path) -> None:
        self.network: PuppetJudge
        self.network, self.facts = load_judge(folder)
        self.folder = folder
        self.name = f"judge {file_sha256(folder / WEIGHTS)[:12]}"

    @property
    def motions(self) -> tuple[str, ...]:
        return self.network.architecture.motions

    @property
    def kinds(self) -> tuple[str, ...]:
        return self.network.architecture.kinds

    @property
    def tells_who_acts(self) -> bool:
        return self.network.actor is not None

    def check_relation(self, relation: str) -> None:
        """Raise UserError unless the judge knows the relation."""
        if relation not in self.motions:
            raise UserError(
                f"{self.folder / FACTS}: the judge does not know the relation {relation!r},"
                f" it knows {', '.join(self.motions)}"
            )

    def check_kind(self, kind: str) -> None:
        """Raise UserError unless the judge knows the kind of figure."""
        if kind not in self.kinds:
            raise UserError(
                f"{self.folder / FACTS}: the judge does not know the figure {kind!r}, it knows {', '.join(self.kinds)}"
            )

    def strangers(self, subjects: tuple[str, str]) -> str:
        """Says which subjects are of no kind that the judge knows; empty where it knows both."""
        unknown = [subject for subject in dict.fromkeys(subjects) if subject not in self.kinds]
        return f"{self.name} does not know {', '.join(unknown)}; it knows {', '.join(self.kinds)}" if unknown else ""

    def ask(self, frames: np.ndarray) -> Opinion:
        """The opinion on (F, H, W, 3) uint8 RGB."""
        with torch.inference_mode():
            verdict = self.network(as_video(self._fitting(frames)))
        left, right = verdict.kinds[0]
        return Opinion(
            frame_features=verdict.frame_features[0],
            motions=_shares(verdict.motion[0], self.motions),
            left_kinds=_shares(left, self.kinds),
            right_kinds=_shares(right, self.kinds),
            actors={} if verdict.actor is None else _shares(verdict.actor[0], SIDES),
        )

    def movement(self, frames: np.ndarray) -> np.ndarray:
        """What tells the motion of (F, H, W, 3) uint8 RGB, (2D,) float64."""
        with torch.inference_mode():
            return self.network.movement(as_video(self._fitting(frames)))[0].to(torch.float64).numpy()

    def _fitting(self, frames: np.ndarray) -> np.ndarray:
        """At the size that the network is trained on."""
        height, width = self.network.architecture.size
        if frames.shape[1:3] == (height, width):
            return frames
        way = cv2.INTER_AREA if frames.shape[1] > height else cv2.INTER_CUBIC
        return np.stack([cv2.resize(frame, (width, height), interpolation=way) for frame in frames])

    @property
    def note(self) -> str:
        """Who judges, and how well, on clips that it has not seen. Raises UserError where its facts do not say."""
        try:
            name, found = self.facts["name"], self.facts["held_out_accuracy"]
            weakest = min(found["per_motion"], key=lambda motion: found["per_motion"][motion])
            actor = self.facts["actor"]["held_out_accuracy"] if self.tells_who_acts else None
            return (
                f"By the {name.replace('_', ' ')}, {self.name}. Its accuracy on {found['clips']} clips that it has not"
                f" seen: motion {found['motion']:.1%}, figure {found['figure']:.1%}. It is weakest on"
                f" {weakest.replace('_', ' ')}, {found['per_motion'][weakest]:.1%}."
                + (f" Who acts: {actor['actor']:.1%} of {actor['clips']} clips." if actor else "")
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{self.folder / FACTS}: does not say how good the judge is: {error!r}") from None

    @property
    def motion_confusions(self) -> tuple[Confusion, ...]:
        """How often it took one motion for another; none where its facts do not say.

        Raises UserError where they say it of other classes.
        """
        return self._confusions("Motions", "motion_confusion", self.motions)

    @property
    def kind_confusions(self) -> tuple[Confusion, ...]:
        """As `motion_confusions`, of the kinds of figures."""
        return self._confusions("Figures", "kind_confusion", self.kinds)

    def _confusions(self, what: str, key: str, classes: tuple[str, ...]) -> tuple[Confusion, ...]:
        try:
            told = {world: self.facts[world][key] for world in HELD_OUT if key in self.facts.get(world, {})}
            return tuple(
                Confusion(f"{what}, {HELD_OUT[world]}", classes, tuple(tuple(row) for row in counts))
                for world, counts in told.items()
            )
        except (TypeError, ValueError) as error:
            raise UserError(f"{self.folder / FACTS}: {key} cannot be used: {error}") from None


def _shares(logits: Tensor, names: tuple[str, ...]) -> dict[str, float]:
    """Logits (N,) → the probability of each of N names."""
    return dict(zip(names, logits.double().softmax(dim=0).tolist(), strict=True))


def as_video(frames: np.ndarray) -> Tensor:
    """(F, H, W, 3) uint8 → (1, 3, F, H, W) float32 in [-1, 1]. Raises ValueError for another dtype or shape."""
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3:
        raise ValueError(f"found frames {frames.dtype} {frames.shape}, expected uint8 (F, H, W, 3)")
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
