"""The judge's network as a network that describes videos, for distances between sets of them."""

from pathlib import Path

import numpy as np

from dreamrelation.metrics.puppet_judge.judge import Judge
from dreamrelation.metrics.puppet_judge.settings import PuppetFeatureSettings
from dreamrelation.settings.machine import MachineSettings


class PuppetFeatures:
    """What the head for the motion reads."""

    def __init__(self, settings: PuppetFeatureSettings, machine: MachineSettings) -> None:
        self.judge = Judge(Path(settings.judge))
        self.name = f"the movement features of {self.judge.name}"

    def of(self, frames: np.ndarray) -> np.ndarray:
        return self.judge.movement(frames)
