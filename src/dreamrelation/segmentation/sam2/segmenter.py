"""SAM 2 (Ravi et al., 2024) follows both subjects through a clip, by transformers' `sam2_video`.

It is asked once: in the frame in which the two are farthest apart, by the joints and their boxes or, without a
skeleton, by a detector's boxes. From there its memory carries who is who through contact, forth and back.
"""

from dataclasses import dataclass

import numpy as np
import torch
from transformers import Sam2VideoModel, Sam2VideoProcessor

from dreamrelation.devices import choose_device
from dreamrelation.errors import UserError
from dreamrelation.roles import SUBJECTS
from dreamrelation.segmentation.boxes import best_pair, joint_boxes
from dreamrelation.segmentation.identity import widest_frame
from dreamrelation.segmentation.interface import ClipView, Detector, SegmentedClip, UnusableClip
from dreamrelation.segmentation.pixels import exclusive, tidied
from dreamrelation.segmentation.points import Points, joint_points
from dreamrelation.segmentation.sam2.settings import Sam2Settings
from dreamrelation.segmentation.video_models import open_video_model
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.registry import implementation_of

NAMES = (1, 2)
"""What SAM 2 calls the two."""


@dataclass(frozen=True)
class Question:
    """What SAM 2 is asked of one frame."""

    frame: int
    boxes: np.ndarray
    """(2, 4) x0, y0, x1, y1 in pixels."""
    points: Points | None
    """None: boxes alone."""


class Sam2:
    """Implements `Segmenter`, for clips with skeletons, and without where it has a detector."""

    def __init__(self, settings: Sam2Settings, machine: MachineSettings) -> None:
        """Raises UserError where the model cannot be loaded."""
        self.settings = settings
        self.batch = machine.segmentation_batch
        self.device = choose_device(machine.device)
        self.detector: Detector | None = None
        if settings.detector is not None:
            self.detector = implementation_of(settings.detector)(settings.detector, machine)
        self.model, self.processor, self.dtype = open_video_model(
            Sam2VideoModel, Sam2VideoProcessor, settings.model, "facebook/sam2.1-hiera-large", self.device
        )

    @torch.no_grad()
    def segment(self, view: ClipView) -> SegmentedClip:
        """Scores: `certainty`, the mean probability of the subject inside its mask.

        Raises UnusableClip where no frame shows both subjects' joints or, without a skeleton, two boxes.
        """
        question = self._question(view)
        logits = self._followed(view.frames, question)
        masks = exclusive(logits)
        tidy = np.stack([tidied(pair, self.settings.minimum_region_share) for pair in masks])
        inside = tidy.sum(axis=(-1, -2))
        probability = 1 / (1 + np.exp(-logits.clip(-50, 50)))
        certainty = (probability * tidy).sum(axis=(-1, -2)) / np.maximum(inside, 1)
        return SegmentedClip(tidy, {"certainty": certainty}, order="kept")

    def _question(self, view: ClipView) -> Question:
        if view.joints is None:
            return self._detected(view)
        frame = widest_frame(view.joints)
        places, known = view.joints.places[frame], view.joints.known[frame]
        height, width = view.frames.shape[1:3]
        boxes = joint_boxes(places, known, (height, width))
        return Question(frame, boxes, joint_points(places, known, boxes))

    def _detected(self, view: ClipView) -> Question:
        """Of the key frames in which two boxes are found the one in which they are farthest apart."""
        if self.detector is None:
            raise UserError(f"{view.name}: found no skeleton, expected masks.segmenter.detector, which finds boxes")
        keys = np.arange(0, len(view.frames), self.settings.key_frame_step)
        best: tuple[float, int, np.ndarray] | None = None
        for start in range(0, len(keys), self.batch):
            batch = keys[start : start + self.batch]
            for frame, found in zip(batch, self.detector.detect(view.frames[batch]), strict=True):
                try:
                    boxes = best_pair(found, self.settings.nms_iou).corners
                except UnusableClip:
                    continue  # in another frame there may be two
                if best is None or gap(boxes) > best[0]:
                    best = gap(boxes), int(frame), boxes
        if best is None:
            raise UnusableClip(f"found no two distinct boxes in any of {len(keys)} key frames, expected them in one")
        return Question(best[1], best[2], None)

    def _followed(self, frames: np.ndarray, question: Question) -> np.ndarray:
        """Mask logits (F, 2, H, W) of frames (F, H, W, 3) uint8 RGB."""
        session = self.processor.init_video_session(
            video=list(frames), inference_device=self.device, dtype=self.dtype, video_storage_device="cpu"
        )
        self.processor.add_inputs_to_inference_session(
            session,
            frame_idx=question.frame,
            obj_ids=list(NAMES),  # which the session changes
            input_boxes=[question.boxes.tolist()],
            input_points=None if question.points is None else [question.points.places.tolist()],
            input_labels=None if question.points is None else [question.points.labels.tolist()],
        )
        logits = np.empty((len(frames), SUBJECTS, *frames.shape[1:3]), np.float32)
        self.model(inference_session=session, frame_idx=question.frame)
        for reverse in (False, True):
            steps = self.model.propagate_in_video_iterator(session, start_frame_idx=question.frame, reverse=reverse)
            for output in steps:
                (full,) = self.processor.post_process_masks(
                    [output.pred_masks], [list(frames.shape[1:3])], binarize=False
                )
                names: list[int] = list(output.object_ids or ())
                order = [names.index(name) for name in NAMES]
                logits[output.frame_idx] = full[order, 0].float().cpu().numpy()
        return logits


def gap(boxes: np.ndarray) -> float:
    """How far two boxes (2, 4) are apart, centre to centre, over their mean height."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    return float(np.hypot(*(centres[0] - centres[1])) / (boxes[:, 3] - boxes[:, 1]).mean())
