"""Puppet clips as the masks stage would see them: cropped round the figures, at its working size."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import pytest

from dreamrelation.puppets.theatre.render import Take, draw_scene, render
from dreamrelation.segmentation.interface import ClipView, JointView
from dreamrelation.segmentation.run_lengths import encode
from dreamrelation.tables.rows import TRAIN, SelectedClip, TrueMask

SOURCE = (144, 256)
WORKING = (128, 192)
MARGIN = 10


@dataclass(frozen=True)
class RenderedClip:
    """A rendered source clip, and its row in the selection."""

    take: Take
    row: SelectedClip

    def view(self) -> ClipView:
        row, size = self.row, WORKING[::-1]
        window = slice(row.frames[0], row.frames[-1] + 1)
        rows = slice(row.crop_top, row.crop_top + row.crop_height)
        columns = slice(row.crop_left, row.crop_left + row.crop_width)
        cut = self.take.frames[window, rows, columns]
        frames = np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC) for frame in cut])
        scale = [size[0] / row.crop_width, size[1] / row.crop_height]
        places = (self.take.joints[window] - [row.crop_left, row.crop_top]) * scale
        return ClipView(row.clip, frames, JointView(places, np.ones(places.shape[:3], bool)))


@cache
def render_clip(relation: str, seed: int, pixel_frames: int = 7, start_frame: int = 2) -> RenderedClip:
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
    row = SelectedClip(
        clip=f"{relation}_{seed}",
        relation=relation,
        caption="A person is doing something with a person.",
        video="none.avi",
        skeleton="none.skeleton",
        frames=tuple(range(start_frame, start_frame + pixel_frames)),
        start_seconds=start_frame / 10,
        frames_per_second=10.0,
        source_frames_per_second=10.0,
        source_frames=start_frame + pixel_frames,
        source_width=SOURCE[1],
        source_height=SOURCE[0],
        crop_left=left,
        crop_top=top,
        crop_width=width,
        crop_height=height,
        subject1_track=0,
        subject_rule="left",
        window_rule="closest",
        split=TRAIN,
    )
    return RenderedClip(take, row)


@pytest.fixture
def rendered() -> Callable[..., RenderedClip]:
    return render_clip


@pytest.fixture
def true_rows() -> Callable[[list[RenderedClip]], list[TrueMask]]:
    """The true masks of clips, with the bodies in the opposite order of the subjects."""

    def rows(clips: list[RenderedClip]) -> list[TrueMask]:
        return [
            TrueMask(clip.row.clip, frame, 1 - who, *SOURCE, counts=encode(clip.take.masks[frame, who]))
            for clip in clips
            for frame in range(len(clip.take.masks))
            for who in (0, 1)
        ]

    return rows
