"""What an extractor of features takes and gives."""

from typing import Protocol

import numpy as np

from dreamrelation.settings.features import FeatureSettings
from dreamrelation.settings.machine import MachineSettings


class VideoFeatures(Protocol):
    """Describes single videos in numbers."""

    name: str
    """Network, weights and how frames are resized, as tables and reports write it."""

    def __init__(self, settings: FeatureSettings, machine: MachineSettings) -> None: ...

    def of(self, frames: np.ndarray) -> np.ndarray:
        """(D,) float64 of (F, H, W, 3) uint8 RGB.

        Raises UserError for a number of frames that the network does not take.
        """
        ...
