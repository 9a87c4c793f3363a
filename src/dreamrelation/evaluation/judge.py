"""The judge at work: a loaded classifier asked about single videos."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from dreamrelation.evaluation.classifier import FACTS, WEIGHTS, PuppetJudge, load_judge
from dreamrelation.evaluation.measure import JudgedVideo, as_video
from dreamrelation.tables import file_sha256


@dataclass(frozen=True)
class Opinion:
    """What the judge thinks of one video."""

    frame_features: Tensor
    """(F, D)."""
    motions: dict[str, float]
    """Probability of each class of motion."""
    left: str
    """Kind of the figure on the left."""
    right: str

    @property
    def motion(self) -> str:
        """The likeliest motion."""
        return max(self.motions, key=lambda name: self.motions[name])


class Judge:
    """A trained classifier with its facts. Frames of another size than its own are resized for it."""

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

    def check_relation(self, relation: str) -> None:
        """Raise ValueError unless the judge knows the relation."""
        if relation not in self.motions:
            raise ValueError(
                f"{self.folder / FACTS}: the judge does not know the relation {relation!r},"
                f" it knows {', '.join(self.motions)}"
            )

    def ask(self, frames: np.ndarray) -> Opinion:
        """The opinion on (F, H, W, 3) uint8 RGB."""
        height, width = self.network.architecture.size
        if frames.shape[1:3] != (height, width):
            way = cv2.INTER_AREA if frames.shape[1] > height else cv2.INTER_CUBIC
            frames = np.stack([cv2.resize(frame, (width, height), interpolation=way) for frame in frames])
        with torch.inference_mode():
            verdict = self.network(as_video(frames))
        shares = verdict.motion[0].double().softmax(dim=0).tolist()
        left, right = (self.kinds[int(place)] for place in verdict.kinds[0].argmax(dim=-1))
        return Opinion(verdict.frame_features[0], dict(zip(self.motions, shares, strict=True)), left, right)

    def opinion(self, video: JudgedVideo) -> Opinion:
        """The opinion on a video, formed once however many measures ask."""
        return video.once(self.name, lambda: self.ask(video.frames))

    def describe(self) -> dict[str, Any]:
        """What an evaluation says of its judge."""
        return {
            "name": self.facts["name"],
            "weights_sha256": file_sha256(self.folder / WEIGHTS),
            "held_out_accuracy": self.facts["held_out_accuracy"],
        }


class JudgeFeatures:
    """The judge's frame encoder as frame features."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.name = judge.name

    def of(self, video: JudgedVideo) -> Tensor:
        """(F, D)."""
        return self.judge.opinion(video).frame_features
