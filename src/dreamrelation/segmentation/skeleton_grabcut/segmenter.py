"""Masks without weights: seeds drawn along the NTU joints, OpenCV's GrabCut, and colours that tell the two apart.

GrabCut (Rother et al., 2004) finds both bodies against the background. Pixels near both outlines are then given to
the person whom they look like, see `appearance`, and, where the outlines overlap, to the one who stands in front.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from dreamrelation.roles import SUBJECTS
from dreamrelation.segmentation.interface import ClipView, JointView, SegmentedClip, UnusableClip
from dreamrelation.segmentation.skeleton_grabcut.appearance import Appearance, Pixels
from dreamrelation.segmentation.skeleton_grabcut.body_plan import Outline, body_height, outline, radii
from dreamrelation.segmentation.skeleton_grabcut.settings import SkeletonGrabCutSettings
from dreamrelation.settings.machine import MachineSettings

ROOM_SHARE = 0.35
"""Body heights of surroundings that GrabCut sees around the joints: heads and hands reach beyond them."""
OUTSIDE_COST = 20.0
"""Cost of one body height outside somebody's outline, beside the cost of an unlike colour."""
UNCONTESTED = 2.0
"""Evidence of the pixels near one body only, when the evidence is smoothed."""
SMOOTHING_SHARE = 0.0125
"""Body heights over which the evidence is smoothed."""
ORDER_FRAMES = 4.0
"""Frames over which the order of the two in depth is taken to last."""
CLEAR_EVIDENCE = 0.5
"""Mean evidence of overlapping pixels from which on the order is certain."""


@dataclass
class Scene:
    """What is known of one frame; pictures are (H, W) of the region round both bodies."""

    figures: np.ndarray
    """bool, either body."""
    nearer_first: np.ndarray
    """bool, nearer to the first body's outline."""
    contested: np.ndarray
    """bool, near both outlines."""
    overlap: np.ndarray
    """(N,) bool, which of the contested pixels lie inside both outlines."""
    claims: tuple[Pixels, Pixels]
    """The contested pixels, as parts of each body."""
    outside: np.ndarray
    """(2, N) body heights by which they lie outside each outline."""
    exemplars: tuple[Pixels, Pixels]
    """Pixels that are surely each body's."""


class SkeletonGrabCut:
    """Implements `Segmenter`, for clips with skeletons."""

    def __init__(self, settings: SkeletonGrabCutSettings, machine: MachineSettings) -> None:
        """There are no weights to read, and OpenCV chooses its threads by itself: nothing is asked of the machine."""
        self.settings = settings

    def segment(self, view: ClipView) -> SegmentedClip:
        """No scores.

        Raises UnusableClip where a body has too few joints to be drawn, or is never seen apart from the other;
        UserError for a clip without a skeleton.
        """
        joints = _over_gaps(view.needed_joints())
        heights = [body_height(joints[:, body]) for body in range(SUBJECTS)]
        rows, columns = _region(joints, max(heights), view.frames.shape[1:3])
        joints = joints - [columns.start, rows.start]
        scenes = []
        for frame, bodies in zip(view.frames[:, rows, columns], joints, strict=True):
            outlines = self._outlines(bodies, heights, frame.shape[:2])
            scenes.append(self._scene(frame, outlines, heights))
        seen = [Pixels.joined([scene.exemplars[body] for scene in scenes]) for body in range(SUBJECTS)]
        people = [Appearance(exemplars) for exemplars in seen]
        first = self._divide(scenes, people, max(heights))
        inside = np.stack([[s.figures & f, s.figures & ~f] for s, f in zip(scenes, first, strict=True)])
        masks = np.zeros((len(scenes), SUBJECTS, *view.frames.shape[1:3]), bool)
        masks[:, :, rows, columns] = inside
        return SegmentedClip(masks, scores={})

    def _outlines(self, bodies: np.ndarray, heights: list[float], shape: tuple[int, int]) -> list[Outline]:
        shares = radii(self.settings)
        return [outline(joints, height, shares, shape) for joints, height in zip(bodies, heights, strict=True)]

    def _scene(self, frame: np.ndarray, outlines: list[Outline], heights: list[float]) -> Scene:
        figures = self._figures(frame, outlines, max(heights))
        lab = cv2.cvtColor(frame, cv2.COLOR_RGB2LAB).astype(np.float32)
        margin = self.settings.contested_share * max(heights)
        near = [o.distance < margin for o in outlines]
        contested = figures & near[0] & near[1]
        claims, exemplars = [], []
        for own, other in (outlines, outlines[::-1]):
            alone = figures & (own.distance < 0) & (other.distance > margin)
            claims.append(_described(lab, own, contested))
            exemplars.append(_described(lab, own, alone))
        distances = np.stack([o.distance[contested] for o in outlines])
        return Scene(
            figures=figures,
            nearer_first=outlines[0].distance < outlines[1].distance,
            contested=contested,
            overlap=distances.max(axis=0) < 0,
            claims=(claims[0], claims[1]),
            outside=np.maximum(distances, 0) / np.array(heights)[:, None],
            exemplars=(exemplars[0], exemplars[1]),
        )

    def _figures(self, frame: np.ndarray, outlines: list[Outline], height: float) -> np.ndarray:
        """(H, W) bool, the pixels of either body."""
        distance = np.minimum(outlines[0].distance, outlines[1].distance)
        depth = np.minimum(outlines[0].depth, outlines[1].depth)
        labels = np.full(frame.shape[:2], cv2.GC_BGD, np.uint8)
        labels[distance < self.settings.reach_share * height] = cv2.GC_PR_BGD
        labels[distance < 0] = cv2.GC_PR_FGD
        labels[depth < self.settings.sure_share] = cv2.GC_FGD
        if not (labels == cv2.GC_FGD).any() or (labels != cv2.GC_BGD).all():
            raise UnusableClip("found no room between the bodies and the edge of the picture, expected some background")
        cv2.setRNGSeed(0)  # GrabCut starts from k-means, which draws from OpenCV's own generator
        background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
        no_box, rounds = (0, 0, 0, 0), self.settings.iterations
        cv2.grabCut(np.ascontiguousarray(frame), labels, no_box, background, foreground, rounds, cv2.GC_INIT_WITH_MASK)
        return (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)

    def _divide(self, scenes: list[Scene], people: list[Appearance], height: float) -> list[np.ndarray]:
        """Per frame (H, W) bool, the pixels that are the first person's if they are anybody's."""
        evidence = []
        for scene in scenes:
            first, second = (
                person.cost(claim) + OUTSIDE_COST * outside
                for person, claim, outside in zip(people, scene.claims, scene.outside, strict=True)
            )
            evidence.append(second - first)
        in_front = _first_in_front([e[s.overlap] for e, s in zip(evidence, scenes, strict=True)])
        divided = []
        for scene, own, front in zip(scenes, evidence, in_front, strict=True):
            picture = np.where(scene.nearer_first, UNCONTESTED, -UNCONTESTED) * scene.figures
            picture[scene.contested] = own + self.settings.order_weight * front * scene.overlap
            smooth = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), max(SMOOTHING_SHARE * height, 0.5))
            divided.append(np.where(scene.contested, smooth > 0, scene.nearer_first))
        return divided


def _described(lab: np.ndarray, body: Outline, chosen: np.ndarray) -> Pixels:
    return Pixels(lab[chosen], body.place[chosen], body.part[chosen])


def _first_in_front(evidence: list[np.ndarray]) -> np.ndarray:
    """(F,) in [−1, 1]: +1 where the first person surely stands in front, from the evidence in the overlaps."""
    total = gaussian_filter1d([float(e.sum()) for e in evidence], ORDER_FRAMES, mode="constant")
    pixels = gaussian_filter1d([float(e.size) for e in evidence], ORDER_FRAMES, mode="constant")
    return np.clip(total / np.maximum(pixels, 1e-6) / CLEAR_EVIDENCE, -1, 1)


def _over_gaps(joints: JointView) -> np.ndarray:
    """Places (F, 2, 25, 2), unknown ones between those before and after; not a number if never known."""
    known, places = joints.known, joints.places
    filled = np.full(places.shape, np.nan)
    frames = np.arange(len(places))
    for body, joint in np.ndindex(known.shape[1:]):
        at = np.flatnonzero(known[:, body, joint])
        for axis in (0, 1) if len(at) else ():
            filled[:, body, joint, axis] = np.interp(frames, at, places[at, body, joint, axis])
    return filled


def _region(joints: np.ndarray, height: float, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of a picture (H, W) round all joints of a clip."""
    low, high = np.nanmin(joints, axis=(0, 1, 2)), np.nanmax(joints, axis=(0, 1, 2))
    size = np.array(shape[::-1])
    start = np.clip(np.floor(low - ROOM_SHARE * height), 0, size - 1).astype(int)
    stop = np.clip(np.ceil(high + ROOM_SHARE * height), start + 1, size).astype(int)
    return slice(int(start[1]), int(stop[1])), slice(int(start[0]), int(stop[0]))
