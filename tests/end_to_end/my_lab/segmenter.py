"""A segmenter: a disc round the trunk of each body."""

import numpy as np

from dreamrelation.segmentation.interface import ClipView, SegmentedClip
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.segmenters import SegmenterSettings


class Discs:
    """Implements `Segmenter`."""

    class Settings(SegmenterSettings):
        """Discs round the joints' centres."""

        radius_share: float = 0.1
        """Radius over the picture's width."""

    def __init__(self, settings: SegmenterSettings, machine: MachineSettings) -> None:
        assert isinstance(settings, Discs.Settings)
        self.radius_share = settings.radius_share

    def segment(self, view: ClipView) -> SegmentedClip:
        joints = view.needed_joints()
        height, width = view.frames.shape[1:3]
        y, x = np.mgrid[:height, :width]
        centres = np.nanmean(np.where(joints.known[..., None], joints.places, np.nan), axis=2)
        distance = np.hypot(x - centres[..., 0, None, None], y - centres[..., 1, None, None])
        nearer = distance[:, 0] <= distance[:, 1]
        inside = distance < self.radius_share * width
        return SegmentedClip(np.stack([inside[:, 0] & nearer, inside[:, 1] & ~nearer], axis=1), scores={})
