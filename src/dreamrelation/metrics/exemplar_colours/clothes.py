"""Clothes leakage: does somebody wear what only the exemplars' persons wear?

Their shirts have colours that the base model never draws, so there is no need to know who wears one.
"""

import numpy as np

from dreamrelation.metrics.exemplar_colours.colours import lab
from dreamrelation.metrics.exemplar_colours.settings import ClothesLeakageSettings
from dreamrelation.metrics.interface import MetricInfo, Score, VideoSample
from dreamrelation.settings.machine import MachineSettings


def share_of_colours(frames: np.ndarray, colours: np.ndarray, tolerance: float) -> float:
    """Share of the pixels of (F, H, W, 3) uint8 whose a* and b* are within `tolerance` of one of (N, 3) uint8."""
    chroma, wanted = lab(frames)[..., 1:], lab(colours)[:, 1:]
    near = [np.hypot(*np.moveaxis(chroma - colour, -1, 0)) <= tolerance for colour in wanted]
    return float(np.any(near, axis=0).mean())


class ClothesLeakage:
    """1 where enough pixels, over all frames, have the colours of the exemplars' clothes."""

    info = MetricInfo(
        label="Clothes leakage",
        about="videos in which somebody wears the exemplars' clothes",
        unit="%",
        better="lower",
        low=0.0,
        high=1.0,
        is_share=True,
    )

    def __init__(self, settings: ClothesLeakageSettings, machine: MachineSettings) -> None:
        self.settings, self.colours = settings, np.array(settings.clothes, np.uint8)

    @property
    def note(self) -> str:
        return (
            f"By colour: at least {self.settings.least_share:.1%} of the pixels within {self.settings.tolerance:g} of"
            " the colours of the exemplars' clothes, in a* and b* of CIELAB."
        )

    def score(self, video: VideoSample) -> Score:
        share = share_of_colours(video.frames, self.colours, self.settings.tolerance)
        return Score(float(share >= self.settings.least_share), f"{share:.2%} of the pixels; by colour")
