"""Puppet clips as the masks stage would see them: cropped round the figures, at its working size."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest

from dreamrelation import tables
from dreamrelation.masks.encoding import encode
from dreamrelation.masks.segmenters import ClipView
from dreamrelation.puppets.render import Take, draw_scene, render

SOURCE = (144, 256)
WORKING = (128, 192)
MARGIN = 10


@dataclass(frozen=True)
class Film:
    """A rendered source clip, and its row in the selection."""

    take: Take
    row: dict[str, Any]

    def view(self, tracked: np.ndarray | None = None) -> ClipView:
        left, top, width, height = (self.row[f"crop_{side}"] for side in ("left", "top", "width", "height"))
        size = WORKING[::-1]
        window = slice(self.row["start_frame"], self.row["start_frame"] + self.row["pixel_frames"])
        cut = self.take.frames[window, top : top + height, left : left + width]
        frames = np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC) for frame in cut])
        joints = (self.take.joints[window] - [left, top]) * [size[0] / width, size[1] / height]
        known = np.ones(joints.shape[:3], bool) if tracked is None else tracked
        return ClipView(self.row["clip"], frames, joints, known)


@cache
def play(relation: str, seed: int, pixel_frames: int = 7, start_frame: int = 2) -> Film:
    scene = draw_scene(relation, ("person", "person"), np.random.default_rng([3, seed]), *SOURCE, (0.48, 0.58))
    shown = np.arange(pixel_frames) - (pixel_frames - 1) / 2
    step = 1.8 / max(pixel_frames - 1, 1)
    times = np.concatenate([np.full(start_frame, step * shown[0]), step * shown])
    take = render(scene, times)
    low, high = take.joints.min(axis=(0, 1, 2)) - MARGIN, take.joints.max(axis=(0, 1, 2)) + MARGIN
    height = int(np.clip(max(high[1] - low[1], (high[0] - low[0]) / 1.5), 80, SOURCE[0]))
    width = int(1.5 * height)
    left, top = (
        int(np.clip(centre - size / 2, 0, limit - size))
        for centre, size, limit in zip((low + high) / 2, (width, height), SOURCE[::-1], strict=True)
    )
    row = {
        "clip": f"{relation}_{seed}",
        "relation": relation,
        "caption": "A person is doing something with a person.",
        "video": "none.avi",
        "skeleton": "none.skeleton",
        "start_frame": start_frame,
        "pixel_frames": pixel_frames,
        "crop_left": left,
        "crop_top": top,
        "crop_width": width,
        "crop_height": height,
        "subject1_track": 0,
        "subject_rule": "left",
        "window_rule": "closest",
    }
    return Film(take, row)


@pytest.fixture
def film() -> Callable[..., Film]:
    return play


@pytest.fixture
def true_table() -> Callable[[list[Film]], pa.Table]:
    """The true masks of films, with the bodies in the opposite order of the subjects."""

    def table(films: list[Film]) -> pa.Table:
        rows = [
            {
                "clip": film.row["clip"],
                "frame": frame,
                "body": 1 - who,
                "height": SOURCE[0],
                "width": SOURCE[1],
                "counts": encode(film.take.masks[frame, who]),
            }
            for film in films
            for frame in range(len(film.take.masks))
            for who in (0, 1)
        ]
        return pa.Table.from_pylist(rows, schema=tables.TRUE_MASKS)

    return table
