"""Clips that belong to no motion: what a model may draw that fails, and what nobody should call a handshake."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from dreamrelation.puppets.theatre.improvisation import improvisation
from dreamrelation.puppets.theatre.motions import MOTIONS
from dreamrelation.puppets.theatre.render import FLOOR_DEPTH, SUPERSAMPLING, Scene, Take, render
from dreamrelation.puppets.theatre.room import paint_room

Spoilt = tuple[np.ndarray, tuple[int, ...]]
"""Frames (F, H, W, 3) uint8, and who is missing in them (0 actor, 1 partner)."""
Spoil = Callable[[Scene, np.ndarray, np.random.Generator], Spoilt]
"""A scene and the times (F,) at which it is drawn, in seconds → the spoilt clip."""

QUIET_MOTIONS = ("standing", "jumping")
"""A still of these looks like somebody standing, which is a motion of its own."""


def _frozen(scene: Scene, times: np.ndarray, rng: np.random.Generator) -> Spoilt:
    """One picture near the height of the action, for the whole clip."""
    scene = replace(scene, motion=_moving(scene.motion, rng))
    still = render(scene, np.array([rng.uniform(-0.2, 0.2)])).frames
    return np.repeat(still, len(times), axis=0), ()


def _spliced(scene: Scene, times: np.ndarray, rng: np.random.Generator) -> Spoilt:
    """The same two figures in the same room change from one motion to another in mid-action."""
    others = [name for name in MOTIONS if name != scene.motion]
    second = replace(scene, motion=others[int(rng.integers(len(others)))])
    cut = int(np.clip(len(times) // 2 + rng.integers(-2, 3), 1, len(times) - 1))
    return np.concatenate([render(scene, times[:cut]).frames, render(second, times[cut:]).frames]), ()


def _blended(scene: Scene, times: np.ndarray, rng: np.random.Generator) -> Spoilt:
    """Two motions of the same two figures laid over each other, as where a model cannot decide."""
    others = [name for name in MOTIONS if name not in (scene.motion, *QUIET_MOTIONS)]
    second = replace(scene, motion=others[int(rng.integers(len(others)))])
    share = rng.uniform(0.4, 0.6)
    one, other = (render(each, times).frames.astype(np.float32) for each in (scene, second))
    return np.round(share * one + (1 - share) * other).astype(np.uint8), ()


def _shuffled(scene: Scene, times: np.ndarray, rng: np.random.Generator) -> Spoilt:
    """The frames of a motion in any order."""
    scene = replace(scene, motion=_moving(scene.motion, rng))
    return render(scene, times).frames[rng.permutation(len(times))], ()


def _improvised(scene: Scene, times: np.ndarray, rng: np.random.Generator) -> Spoilt:
    """The two do what nobody rehearsed."""
    return render(scene, times, improvisation(rng)).frames, ()


def _moving(motion: str, rng: np.random.Generator) -> str:
    """The motion, or another one in the place of one whose stills look like somebody standing."""
    moving = [name for name in MOTIONS if name not in QUIET_MOTIONS]
    return motion if motion in moving else moving[int(rng.integers(len(moving)))]


def _deserted(scene: Scene, times: np.ndarray, rng: np.random.Generator) -> Spoilt:
    """One figure is missing, or both."""
    missing = ((0,), (1,), (0, 1))[int(rng.choice(3, p=(0.4, 0.4, 0.2)))]
    return _without(render(scene, times), scene, missing), missing


def _without(take: Take, scene: Scene, missing: tuple[int, ...]) -> np.ndarray:
    """The frames of a take with the figures in `missing` (0 actor, 1 partner) painted over with the empty room."""
    camera, big = scene.camera, SUPERSAMPLING
    body = camera.body * big
    horizon = camera.floor * big - FLOOR_DEPTH * body
    room = paint_room(scene.room, camera.height * big, camera.width * big, horizon, body)
    empty = cv2.resize(room, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    frames = take.frames.copy()
    for number, masks in enumerate(take.masks):
        # One pixel wider, for the half-covered pixels of the outline.
        gone = cv2.dilate(masks[list(missing)].any(axis=0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        frames[number][gone] = empty[gone]
    return frames


SPOILS: dict[str, Spoil] = {
    "frozen": _frozen,
    "shuffled": _shuffled,
    "spliced": _spliced,
    "blended": _blended,
    "deserted": _deserted,
    "improvised": _improvised,
}
"""What makes a clip belong to no motion."""
