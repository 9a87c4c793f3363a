"""The paper's masks: Grounding DINO's boxes round the two subjects, and SAM's segments of them.

NTU's joints say which box is whose and are points for SAM: one's own inside, the other's outside.
"""

import numpy as np

from dreamrelation.masks.boxes import choose_boxes, joint_boxes
from dreamrelation.masks.grounding_dino import GroundingDino
from dreamrelation.masks.segment_anything_model import Prompts, SegmentAnything, exclusive, tidied
from dreamrelation.masks.segmenters import SUBJECTS, ClipView, SegmentedClip, UnusableClip
from dreamrelation.settings.masks import GroundedSamSettings

POINT_JOINTS = np.array([1, 2, 3, 4, 6, 10, 14, 18, 15, 19, 21]) - 1
"""Trunk, head, elbows, knees and ankles: well inside the body. Hands are where the two touch."""
APART_SHARE = 0.08
"""A joint this near to one of the other's, over the joint box's height, is no point: it says nothing about who."""


class GroundedSam:
    """Implements `Segmenter`."""

    def __init__(self, detector: GroundingDino, segmenter: SegmentAnything, settings: GroundedSamSettings) -> None:
        self.detector = detector
        self.segmenter = segmenter
        self.settings = settings

    @classmethod
    def load(cls, settings: GroundedSamSettings, device: str) -> "GroundedSam":
        """Raises FileNotFoundError or ValueError where a checkpoint is missing or does not fit."""
        return cls(GroundingDino.load(settings, device), SegmentAnything.load(settings, device), settings)

    def segment(self, view: ClipView) -> SegmentedClip:
        """Scores: `detected`, 1 where a box was found and 0 where the joints' stands in; `predicted_iou`, SAM's own.

        Raises UnusableClip where a subject has no known joint in some frame.
        """
        masks, detected, quality = [], [], []
        for start in range(0, len(view.frames), self.settings.batch_size):
            frames = view.frames[start : start + self.settings.batch_size]
            prompts = []
            for at, (boxes, scores) in enumerate(self.detector.detect(frames), start):
                prompt, confidence = self._prompts(view, at, boxes, scores)
                prompts.append(prompt)
                detected.append(np.isfinite(confidence))
            logits, iou = self.segmenter.segment(frames, prompts)
            masks.append(exclusive(logits))
            quality.append(iou)
        tidy = np.stack([tidied(pair, self.settings.minimum_region_share) for pair in np.concatenate(masks)])
        scores = {"detected": np.array(detected, float), "predicted_iou": np.concatenate(quality)}
        return SegmentedClip(tidy, scores)

    def _prompts(self, view: ClipView, frame: int, boxes: np.ndarray, scores: np.ndarray) -> tuple[Prompts, np.ndarray]:
        joints, known = view.joints[frame], view.known[frame]
        shape = view.frames.shape[1:3]
        try:
            from_joints = joint_boxes(joints, known, (shape[0], shape[1]))
        except ValueError as error:
            raise UnusableClip(f"{view.name}: frame {frame}: {error}") from None
        chosen, confidence = choose_boxes(boxes, scores, from_joints, self.settings.nms_iou)
        points, labels = point_prompts(joints, known, from_joints)
        return Prompts(chosen, points, labels), confidence


def point_prompts(joints: np.ndarray, known: np.ndarray, from_joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (2, N, 2) and labels (2, N) from joints (2, 25, 2): one's own 1, the other's 0, unusable ones −1."""
    places = np.where(known[..., None], joints, 0.0)
    height = (from_joints[:, 3] - from_joints[:, 1]).max()
    usable = []
    for subject in range(SUBJECTS):
        other = joints[1 - subject, known[1 - subject]]
        distance = np.hypot(*np.moveaxis(places[subject, POINT_JOINTS, None] - other[None], -1, 0)).min(axis=1)
        usable.append(known[subject, POINT_JOINTS] & (distance > APART_SHARE * height))
    own = places[:, POINT_JOINTS]
    points = np.concatenate([own, own[::-1]], axis=1)
    inside = np.where(np.array(usable), 1, -1)
    outside = np.where(np.array(usable)[::-1], 0, -1)
    return points, np.concatenate([inside, outside], axis=1)
