"""One clip from its frames to masks that were checked, and to the rows of `masks.parquet`."""

from dataclasses import dataclass

import numpy as np

from dreamrelation.roles import SUBJECTS
from dreamrelation.segmentation.checks import check_areas, check_joints, check_neighbours
from dreamrelation.segmentation.identity import in_subject_order, iou, joints_inside
from dreamrelation.segmentation.interface import ClipView, JointView, Segmenter
from dreamrelation.segmentation.run_lengths import encode
from dreamrelation.segmentation.truth import resize_by_area, truth_iou
from dreamrelation.settings.masks import MaskSettings
from dreamrelation.tables.rows import MaskRow


@dataclass(frozen=True)
class ClipMasks:
    """One clip's masks at the size that the model sees."""

    clip: str
    masks: np.ndarray
    """(F, 2, h, w) bool, subject 1 first."""
    neighbour_iou: np.ndarray
    """(F − 1, 2) intersection over union with the mask of the frame before."""
    joints_inside: np.ndarray | None
    """(F, 2) share of each subject's joints inside its mask, not a number in frames without; None: no skeleton."""
    truth_iou: np.ndarray | None
    """(F, 2), or None where no truth is known."""
    scores: dict[str, np.ndarray]
    """What the segmenter said of itself, name → (F, 2)."""

    def note(self) -> str:
        """The scores in words, of subject 1 and of subject 2; empty where there are none."""
        means = {}
        if self.joints_inside is not None:
            means["joints inside"] = np.nanmean(self.joints_inside, axis=0)
        if self.truth_iou is not None:
            means["IoU with the truth"] = np.median(self.truth_iou, axis=0)
        means |= {name.replace("_", " "): score.mean(axis=0) for name, score in self.scores.items()}
        return ", ".join(f"{name} {first:.2f} and {second:.2f}" for name, (first, second) in means.items())

    def rows(self) -> list[MaskRow]:
        """By frame and subject."""
        frames, subjects, height, width = self.masks.shape
        return [
            MaskRow(
                clip=self.clip,
                frame=frame,
                subject=subject + 1,
                height=height,
                width=width,
                counts=encode(self.masks[frame, subject]),
                area_share=float(self.masks[frame, subject].mean()),
                neighbour_iou=None if frame == 0 else float(self.neighbour_iou[frame - 1, subject]),
                joints_inside_share=_number(self.joints_inside, frame, subject),
                truth_iou=_number(self.truth_iou, frame, subject),
            )
            for frame in range(frames)
            for subject in range(subjects)
        ]


def _number(values: np.ndarray | None, frame: int, subject: int) -> float | None:
    if values is None or np.isnan(values[frame, subject]):
        return None
    return float(values[frame, subject])


def clip_masks(
    segmenter: Segmenter, view: ClipView, true: np.ndarray | None, size: tuple[int, int], settings: MaskSettings
) -> ClipMasks:
    """Segment one clip, put the subjects in order, check them and bring them to the `size` (h, w) of the model.

    `true` masks (bodies, F, h, w) are compared with, if there are any. Raises UnusableClip.
    """
    segmented = segmenter.segment(view)
    if segmented.masks.shape != (len(view.frames), SUBJECTS, *view.frames.shape[1:3]) or segmented.masks.dtype != bool:
        raise ValueError(
            f"{view.name}: the segmenter gave masks {segmented.masks.dtype} {segmented.masks.shape}"
            f" of frames {view.frames.shape}, expected bool (F, {SUBJECTS}, H, W)"
        )
    ordered = in_subject_order(segmented, view.joints, view.subject1)
    shares = None if view.joints is None else _checked_shares(ordered, view.joints, settings)
    small = np.array([[resize_by_area(mask, *size) for mask in frame] for frame in ordered])
    check_areas(small, settings.maximum_area_jump)
    neighbours = iou(small[1:], small[:-1])
    check_neighbours(neighbours, settings.minimum_neighbour_iou)
    scores = None if true is None else truth_iou(small, true)
    return ClipMasks(view.name, small, neighbours, shares, scores, segmented.scores)


def _checked_shares(masks: np.ndarray, joints: JointView, settings: MaskSettings) -> np.ndarray:
    """(F, 2) share of each subject's joints inside its own mask. Raises UnusableClip where they are too few."""
    shares = np.einsum("fss->fs", joints_inside(masks, joints))
    check_joints(shares, joints.known, settings.minimum_joints_inside)
    return shares
