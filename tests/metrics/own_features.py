"""Features of videos from outside the package, whose values are known."""

import numpy as np

from dreamrelation.settings.features import FeatureSettings
from dreamrelation.settings.machine import MachineSettings


class MeanColour:
    """Three numbers."""

    class Settings(FeatureSettings):
        pass

    name = "mean colours"

    def __init__(self, settings: Settings, machine: MachineSettings) -> None:
        """Nothing to load."""

    def of(self, frames: np.ndarray) -> np.ndarray:
        return frames.mean(axis=(0, 1, 2))
