"""The paper's masks: a detector's boxes round the two subjects, and SAM's segments of them.

NTU's joints, where there are some, say which box is whose and are points for SAM: one's own inside, the other's
outside. Without them the two best boxes are the subjects'.
"""

import numpy as np

from dreamrelation.segmentation.boxes import best_pair, joint_boxes, subjects_boxes
from dreamrelation.segmentation.grounded_sam.segment_anything_model import Prompts, SegmentAnything
from dreamrelation.segmentation.grounded_sam.settings import GroundedSamSettings
from dreamrelation.segmentation.interface import Boxes, ClipView, Detector, SegmentedClip, UnusableClip
from dreamrelation.segmentation.pixels import exclusive, tidied
from dreamrelation.segmentation.points import joint_points
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of


class GroundedSam:
    """Implements `Segmenter`, for clips with and without skeletons."""

    def __init__(self, settings: GroundedSamSettings, machine: MachineSettings) -> None:
        """Raises UserError where a checkpoint is missing or does not fit."""
        self.settings = settings
        self.batch = machine.segmentation_batch
        self.detector: Detector = implementation_of(settings.detector)(settings.detector, machine)
        self.sam = SegmentAnything(settings, machine)

    def segment(self, view: ClipView) -> SegmentedClip:
        """Scores: `detected`, 1 where a box was found and 0 where the joints' stands in; `predicted_iou`, SAM's own.

        Raises UnusableClip where a subject has no known joint in some frame; without a skeleton, where fewer than two
        boxes are found in some frame.
        """
        masks, detected, quality = [], [], []
        for start in range(0, len(view.frames), self.batch):
            frames = view.frames[start : start + self.batch]
            found = self.detector.detect(frames)
            prompts = [self._prompts(view, start + at, found[at]) for at in range(len(frames))]
            detected += [np.isfinite(prompt.boxes.scores) for prompt in prompts]
            logits, iou = self.sam.segment(frames, prompts)
            masks.append(exclusive(logits))
            quality.append(iou)
        tidy = np.stack([tidied(pair, self.settings.minimum_region_share) for pair in np.concatenate(masks)])
        scores = {"detected": np.array(detected, float), "predicted_iou": np.concatenate(quality)}
        return SegmentedClip(tidy, scores)

    def _prompts(self, view: ClipView, frame: int, found: Boxes) -> Prompts:
        try:
            if view.joints is None:
                return Prompts(best_pair(found, self.settings.nms_iou), points=None)
            places, known = view.joints.places[frame], view.joints.known[frame]
            height, width = view.frames.shape[1:3]
            from_joints = joint_boxes(places, known, (height, width))
            chosen = subjects_boxes(found, from_joints, self.settings.nms_iou)
            return Prompts(chosen, joint_points(places, known, from_joints))
        except UnusableClip as error:
            raise UnusableClip(f"frame {frame}: {error}") from None
