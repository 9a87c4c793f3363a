"""SAM 3 (Carion et al., 2025) finds everything that a word names and follows it, by transformers' `sam3_video`.

Of what it follows the two are the subjects that hold the skeletons' joints; without skeletons, the two that are seen in
most frames, and of these the surest.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from transformers import Sam3VideoModel, Sam3VideoProcessor

from dreamrelation.devices import choose_device
from dreamrelation.roles import SUBJECTS
from dreamrelation.segmentation.identity import joints_inside
from dreamrelation.segmentation.interface import ClipView, JointView, SegmentedClip, UnusableClip
from dreamrelation.segmentation.pixels import tidied
from dreamrelation.segmentation.sam3.settings import Sam3Settings
from dreamrelation.segmentation.video_models import open_video_model
from dreamrelation.settings.machine import MachineSettings


@dataclass(frozen=True)
class Followed:
    """What SAM 3 followed through a clip, N objects."""

    masks: np.ndarray
    """(F, N, H, W) bool, empty where an object is not seen; no pixel belongs to two."""
    scores: np.ndarray
    """(F, N) how sure it is of each, in [0, 1]; 0 where an object is not seen."""

    @property
    def seen(self) -> np.ndarray:
        """(N,) int, frames in which each is seen."""
        return self.masks.any(axis=(-1, -2)).sum(axis=0)


class Sam3:
    """Implements `Segmenter`, for clips with and without skeletons."""

    def __init__(self, settings: Sam3Settings, machine: MachineSettings) -> None:
        """Raises UserError where the model cannot be loaded."""
        self.settings = settings
        self.device = choose_device(machine.device)
        self.model, self.processor, self.dtype = open_video_model(
            Sam3VideoModel, Sam3VideoProcessor, settings.model, "facebook/sam3", self.device
        )

    @torch.no_grad()
    def segment(self, view: ClipView) -> SegmentedClip:
        """Scores: `certainty`, SAM 3's own of the subject. Raises UnusableClip where it does not follow two of them."""
        followed = self._followed(view.frames)
        chosen = _most_seen(followed) if view.joints is None else _with_joints(followed, view.joints)
        masks = np.stack([tidied(pair, self.settings.minimum_region_share) for pair in followed.masks[:, chosen]])
        return SegmentedClip(masks, {"certainty": followed.scores[:, chosen]}, order="kept")

    def _followed(self, frames: np.ndarray) -> Followed:
        """Everything that the prompt names in frames (F, H, W, 3) uint8 RGB."""
        session = self.processor.init_video_session(
            video=list(frames), inference_device=self.device, dtype=self.dtype, video_storage_device="cpu"
        )
        self.processor.add_text_prompt(session, self.settings.prompt)
        found: dict[int, dict[int, tuple[np.ndarray, float]]] = {}
        for output in self.model.propagate_in_video_iterator(session):
            said = self.processor.postprocess_outputs(session, output)
            each = zip(said["object_ids"].tolist(), said["masks"].cpu().numpy(), said["scores"].tolist(), strict=True)
            for name, mask, score in each:
                found.setdefault(name, {})[output.frame_idx] = mask, score
        masks = np.zeros((len(frames), len(found), *frames.shape[1:3]), bool)
        scores = np.zeros((len(frames), len(found)))
        for at, name in enumerate(sorted(found)):
            for frame, (mask, score) in found[name].items():
                masks[frame, at], scores[frame, at] = mask, score
        return Followed(masks, scores)


def _most_seen(followed: Followed) -> np.ndarray:
    """The two objects (2,) that are seen in most frames, and of these the surest; in any order."""
    _require_two(followed.seen)
    return np.lexsort((-followed.scores.mean(axis=0), -followed.seen))[:SUBJECTS]


def _with_joints(followed: Followed, joints: JointView) -> np.ndarray:
    """The two objects (2,) that hold most of the subjects' joints over the whole clip, subject 1 first."""
    _require_two(followed.seen)
    inside = np.nansum(joints_inside(followed.masks, joints), axis=0)
    objects, subjects = linear_sum_assignment(inside, maximize=True)
    return objects[np.argsort(subjects)]


def _require_two(seen: np.ndarray) -> None:
    if (seen > 0).sum() < SUBJECTS:
        raise UnusableClip(f"found {(seen > 0).sum()} of what the prompt names, expected {SUBJECTS} or more")
