"""The paper's masks: a detector's boxes round the two subjects, and SAM's segments of them.

NTU's joints, where there are some, say which box is whose and are points for SAM: one's own inside, the other's
outside. Without them the two best boxes are the subjects'.
"""

import numpy as np

from dreamrelation.roles import SUBJECTS
from dreamrelation.segmentation.boxes import best_pair, joint_boxes, subjects_boxes
from dreamrelation.segmentation.grounded_sam.segment_anything_model import Prompts, SegmentAnything
from dreamrelation.segmentation.grounded_sam.settings import GroundedSamSettings
from dreamrelation.segmentation.interface import Boxes, ClipView, Detector, JointView, SegmentedClip, UnusableClip
from dreamrelation.segmentation.pixels import exclusive, tidied
from dreamrelation.segmentation.points import Points, joint_points
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
        prompts = self._prompts(view)
        masks, quality = [], []
        for start in range(0, len(view.frames), self.batch):
            part = slice(start, start + self.batch)
            logits, iou = self.sam.segment(view.frames[part], prompts[part])
            masks.append(exclusive(logits))
            quality.append(iou)
        tidy = np.stack([tidied(pair, self.settings.minimum_region_share) for pair in np.concatenate(masks)])
        detected = np.array([prompt.boxes.scores for prompt in prompts])
        return SegmentedClip(tidy, {"detected": detected, "predicted_iou": np.concatenate(quality)})

    def _prompts(self, view: ClipView) -> list[Prompts]:
        """One for each frame; scores of its boxes are 1 where they were detected and 0 where not."""
        if view.joints is None:
            corners, points = np.zeros((len(view.frames), SUBJECTS, 4)), [None] * len(view.frames)
        else:
            each = [self._from_joints(view, view.joints, frame) for frame in range(len(view.frames))]
            corners, points = np.stack([box for box, _ in each]), [points for _, points in each]
        keys = key_frames(len(view.frames), self.settings.key_frame_step)
        detected, found = self._detected(view, keys, corners)
        # Between key frames boxes move as those of the joints do, and evenly beside that.
        boxes = corners + between(keys, found - corners[keys], len(corners))
        scores = between(keys, detected, len(corners))
        return [Prompts(Boxes(*each), own) for *each, own in zip(boxes, scores, points, strict=True)]

    def _detected(self, view: ClipView, keys: np.ndarray, from_joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of each key frame whether a box was found for a subject, (K, 2), and the boxes, (K, 2, 4).

        Where none was found the joints' box stands in; without joints, the order is that of the last key frame.
        """
        detected, corners = np.ones((len(keys), SUBJECTS)), np.empty((len(keys), SUBJECTS, 4))
        for start in range(0, len(keys), self.batch):
            batch = keys[start : start + self.batch]
            for at, found in enumerate(self.detector.detect(view.frames[batch]), start):
                try:
                    if view.joints is None:
                        pair = best_pair(found, self.settings.nms_iou).corners
                        corners[at] = pair if at == 0 else in_order_of(corners[at - 1], pair)
                    else:
                        chosen = subjects_boxes(found, from_joints[keys[at]], self.settings.nms_iou)
                        corners[at], detected[at] = chosen.corners, np.isfinite(chosen.scores)
                except UnusableClip as error:
                    raise UnusableClip(f"frame {keys[at]}: {error}") from None
        return detected, corners

    @staticmethod
    def _from_joints(view: ClipView, joints: JointView, frame: int) -> tuple[np.ndarray, Points]:
        places, known = joints.places[frame], joints.known[frame]
        height, width = view.frames.shape[1:3]
        try:
            boxes = joint_boxes(places, known, (height, width))
        except UnusableClip as error:
            raise UnusableClip(f"frame {frame}: {error}") from None
        return boxes, joint_points(places, known, boxes)


def key_frames(frames: int, step: int) -> np.ndarray:
    """Every `step`-th frame, and the last one."""
    return np.unique(np.append(np.arange(0, frames, step), frames - 1))


def between(keys: np.ndarray, values: np.ndarray, frames: int) -> np.ndarray:
    """Values (K, …) of key frames for all frames (F, …), evenly from one to the next."""
    flat = values.reshape(len(keys), -1)
    filled = np.stack([np.interp(np.arange(frames), keys, column) for column in flat.T], axis=-1)
    return filled.reshape(frames, *values.shape[1:])


def in_order_of(last: np.ndarray, pair: np.ndarray) -> np.ndarray:
    """Boxes (2, 4) in the order in which they are nearer to those of the last key frame."""
    straight, crossed = (np.abs(pair[order] - last).sum() for order in ([0, 1], [1, 0]))
    return pair if straight <= crossed else pair[::-1]
