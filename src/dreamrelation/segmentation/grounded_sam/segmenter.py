"""The paper's masks: a detector's boxes round the two subjects, and SAM's segments of them.

NTU's joints, where there are some, say which box is whose and are points for SAM: one's own inside, the other's
outside. Without them the two best boxes are the subjects'.
"""

import numpy as np

from dreamrelation.roles import SUBJECTS
from dreamrelation.segmentation.grounded_sam.boxes import best_pair, joint_boxes, subjects_boxes
from dreamrelation.segmentation.grounded_sam.segment_anything_model import (
    Points,
    Prompts,
    SegmentAnything,
    exclusive,
    tidied,
)
from dreamrelation.segmentation.grounded_sam.settings import GroundedSamSettings
from dreamrelation.segmentation.interface import Boxes, ClipView, Detector, SegmentedClip, UnusableClip
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of

POINT_JOINTS = np.array([1, 2, 3, 4, 6, 10, 14, 18, 15, 19, 21]) - 1
"""Trunk, head, elbows, knees and ankles: well inside the body. Hands are where the two touch."""
APART_SHARE = 0.08
"""A joint this near to one of the other's, over the joint box's height, is no point: it says nothing about who."""


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


def joint_points(joints: np.ndarray, known: np.ndarray, from_joints: np.ndarray) -> Points:
    """Points at joints (2, 25, 2), by their boxes (2, 4): one's own labelled 1, the other's 0, unusable ones −1."""
    places = np.where(known[..., None], joints, 0.0)
    height = (from_joints[:, 3] - from_joints[:, 1]).max()
    usable = []
    for subject in range(SUBJECTS):
        other = joints[1 - subject, known[1 - subject]]
        distance = np.hypot(*np.moveaxis(places[subject, POINT_JOINTS, None] - other[None], -1, 0)).min(axis=1)
        usable.append(known[subject, POINT_JOINTS] & (distance > APART_SHARE * height))
    own = places[:, POINT_JOINTS]
    inside = np.where(np.array(usable), 1, -1)
    outside = np.where(np.array(usable)[::-1], 0, -1)
    return Points(np.concatenate([own, own[::-1]], axis=1), np.concatenate([inside, outside], axis=1))
