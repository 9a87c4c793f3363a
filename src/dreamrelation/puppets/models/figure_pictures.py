"""Pictures of two figures and what is true of them: what the small Grounding DINO and the small SAM learn from."""

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from dreamrelation.puppets.models.judge_clips import World, world_scene
from dreamrelation.puppets.theatre.figures import KINDS
from dreamrelation.puppets.theatre.motions import MOTIONS
from dreamrelation.puppets.theatre.render import render

HEIGHT, WIDTH = 128, 192
"""Of the pictures: what the demo's masks are made at."""
PICTURES_PER_CLIP = 4
LONGEST_FROM_HEIGHT_S = 1.0
"""Pictures are taken up to so long before and after the height of the action."""
WORKERS = 2


@dataclass(frozen=True)
class FigurePictures:
    """N pictures of one world."""

    frames: np.ndarray
    """(N, H, W, 3) uint8 RGB."""
    packed_masks: np.ndarray
    """(N, 2, H, W / 8) uint8, the visible pixels of the two figures, eight in a byte."""
    joints: np.ndarray
    """(N, 2, 25, 2) float32 pixel x, y of NTU's joints."""
    kinds: np.ndarray
    """(N, 2) int64, places in KINDS."""

    def __len__(self) -> int:
        return len(self.frames)

    def masks(self, n: int) -> np.ndarray:
        """(2, H, W) bool of one picture."""
        return np.unpackbits(self.packed_masks[n], axis=-1).astype(bool)


def clip_pictures(index: int, world: World) -> FigurePictures:
    """Some pictures of the `index`-th clip of a world; any order of calls gives the same ones."""
    rng = np.random.default_rng([*world.seed, 21, index])
    scene = world_scene(tuple(MOTIONS)[index % len(MOTIONS)], world, rng, HEIGHT, WIDTH)
    times = rng.uniform(-LONGEST_FROM_HEIGHT_S, LONGEST_FROM_HEIGHT_S, PICTURES_PER_CLIP)
    take = render(scene, times)
    frames = np.stack([_as_filmed(frame, rng) for frame in take.frames])
    kinds = [list(KINDS).index(figure.kind) for figure in (scene.actor, scene.partner)]
    return FigurePictures(
        frames,
        np.packbits(take.masks, axis=-1),
        take.joints.astype(np.float32),
        np.tile(np.array(kinds, np.int64), (PICTURES_PER_CLIP, 1)),
    )


def clips_of(motion: str, first: int, count: int) -> range:
    """The indices of clips of a world that show this motion, from the `first` index on."""
    place = tuple(MOTIONS).index(motion)
    start = first + (place - first) % len(MOTIONS)
    return range(start, start + count * len(MOTIONS), len(MOTIONS))


def render_pictures(world: World, clips: range, progress: Callable[[str], None]) -> FigurePictures:
    """Pictures of some clips of a world, in processes of their own."""
    parts = []
    with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
        for part in pool.imap(partial(clip_pictures, world=world), clips, chunksize=20):
            parts.append(part)
            if len(parts) % 500 == 0:
                progress(f"rendered pictures of {len(parts)} of {len(clips)} clips")
    return FigurePictures(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("frames", "packed_masks", "joints", "kinds")
        )
    )


def box_of(mask: np.ndarray) -> np.ndarray | None:
    """(4,) x0, y0, x1, y1 round the pixels of a mask (H, W), their far edges included; None where there are none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)


def _as_filmed(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture as a camera of up to twice fewer pixels sees it, with its grain."""
    height, width = frame.shape[:2]
    factor = rng.uniform(1.0, 2.0)
    small = cv2.resize(frame, (round(width / factor), round(height / factor)), interpolation=cv2.INTER_AREA)
    seen = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    seen += rng.uniform(0, 6) * rng.standard_normal(seen.shape, dtype=np.float32)
    return np.clip(np.round(seen), 0, 255).astype(np.uint8)
