"""The clips that the judge learns from and is tested on: other rooms, colours, places and speeds than the base model's.

A tenth of them belong to no motion: frozen, cut together from two motions, or with somebody missing. So the judge
need not call a broken clip a handshake only because nothing else fits better.
"""

import itertools
import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from dreamrelation.puppets.theatre.figures import KINDS
from dreamrelation.puppets.theatre.motions import MOTIONS
from dreamrelation.puppets.theatre.render import FLOOR_DEPTH, SUPERSAMPLING, Scene, Take, draw_scene, render
from dreamrelation.puppets.theatre.repertoire import FRAMES_PER_SECOND
from dreamrelation.puppets.theatre.room import OTHER_ROOMS, ROOMS, paint_room
from dreamrelation.relations import RELATIONS

NONE = "none"
NOBODY = "nobody"
JUDGED_MOTIONS = (*MOTIONS, NONE)
"""The judge's classes of motion; `none` is no motion that the puppets know."""
JUDGED_KINDS = (*KINDS, NOBODY)
"""The judge's classes of figure, for the one on the left and the one on the right."""

ACTING_MOTIONS = tuple(name for name in MOTIONS if name in RELATIONS and RELATIONS[name].actor is not None)
"""The motions in which one figure does something to the other."""

NONE_SHARE = 0.1
QUIET_MOTIONS = ("standing", "jumping")
"""A still of these looks like somebody standing, which is a motion of its own."""


@dataclass(frozen=True)
class World:
    """What one set of clips may show. Training and held-out clips come from two worlds that share no seed."""

    seed: tuple[int, ...]
    rooms: tuple
    room_shade: int
    """Each room colour is shifted by up to this, per channel, 0–255."""
    speeds: tuple[tuple[float, float], ...]
    """Bands of speed, one drawn per clip."""
    body_share: tuple[float, float]
    """Range of figure heights over picture heights."""
    shift: float
    """The figures stand up to this share of the picture's width from its centre."""
    delay_s: float
    """The height of the action lies up to this from the clip's middle."""


def training_world(seed: int) -> World:
    """Rooms, shades and speeds that the judge learns from."""
    return World(
        seed=(seed, 11),
        rooms=ROOMS[:4] + OTHER_ROOMS[:2],
        room_shade=30,
        speeds=((0.78, 1.02), (1.12, 1.35)),
        body_share=(0.56, 0.84),
        shift=0.1,
        delay_s=0.3,
    )


def held_out_world(seed: int) -> World:
    """Rooms and speeds that no training clip has; some speeds lie between those of training, some outside."""
    return World(
        seed=(seed, 12),
        rooms=ROOMS[4:] + OTHER_ROOMS[2:],
        room_shade=0,
        speeds=((0.72, 0.78), (1.02, 1.12)),
        body_share=(0.6, 0.82),
        shift=0.08,
        delay_s=0.25,
    )


@dataclass(frozen=True)
class JudgeClip:
    """One clip with what the judge should say of it, as places in JUDGED_MOTIONS and JUDGED_KINDS."""

    frames: np.ndarray
    """(F, H, W, 3) uint8 RGB."""
    motion: int
    left: int
    right: int
    actor: int | None
    """0: the figure on the left does it to the other, 1: the one on the right; None: the motion has no actor."""


def judge_clip(index: int, world: World, frames: int, height: int, width: int) -> JudgeClip:
    """The `index`-th clip of a world; every motion comes equally often, and any order of calls gives the same clips."""
    rng = np.random.default_rng([*world.seed, index])
    scene = _scene(tuple(MOTIONS)[index % len(MOTIONS)], world, rng, height, width)
    times = (np.arange(frames) - (frames - 1) / 2) / FRAMES_PER_SECOND + rng.uniform(-world.delay_s, world.delay_s)
    spoil = (_frozen, _spliced, _deserted)[int(rng.integers(3))] if rng.uniform() < NONE_SHARE else None
    kinds = [scene.actor.kind, scene.partner.kind]
    if spoil is None:
        pictures, motion = render(scene, times).frames, scene.motion
    else:
        pictures, missing = spoil(scene, times, rng)
        motion, kinds = NONE, [NOBODY if who in missing else kind for who, kind in enumerate(kinds)]
    left, right = (JUDGED_KINDS.index(kind) for kind in (reversed(kinds) if scene.mirrored else kinds))
    actor = int(scene.mirrored) if motion in ACTING_MOTIONS else None
    return JudgeClip(pictures, JUDGED_MOTIONS.index(motion), left, right, actor)


def acting_clips(world: World, clips: int, frames: int, height: int, width: int) -> Iterator[JudgeClip]:
    """The first clips of a world that show motions with an actor, the spoilt ones left out."""
    motions = tuple(MOTIONS)
    of_actors = (index for index in itertools.count() if motions[index % len(motions)] in ACTING_MOTIONS)
    drawn = (judge_clip(index, world, frames, height, width) for index in of_actors)
    return itertools.islice((clip for clip in drawn if clip.actor is not None), clips)


def _scene(motion: str, world: World, rng: np.random.Generator, height: int, width: int) -> Scene:
    first, second = (str(kind) for kind in rng.choice(list(KINDS), size=2))
    speeds = world.speeds[int(rng.integers(len(world.speeds)))]
    scene = draw_scene(motion, (first, second), rng, height, width, world.body_share, world.rooms, speeds)
    centre = width * (0.5 + rng.uniform(-world.shift, world.shift))
    shaded = {name: _shaded(getattr(scene.room, name), world.room_shade, rng) for name in ("wall", "paper", "floor")}
    return replace(scene, camera=replace(scene.camera, centre=centre), room=replace(scene.room, **shaded))


def _shaded(colour: tuple[int, int, int], most: int, rng: np.random.Generator) -> tuple[int, int, int]:
    r, g, b = (int(np.clip(c + rng.integers(-most, most + 1), 0, 255)) for c in colour)
    return r, g, b


def _frozen(scene: Scene, times: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, tuple[int, ...]]:
    """One picture near the height of the action, for the whole clip."""
    motion = scene.motion
    if motion in QUIET_MOTIONS:
        moving = [name for name in MOTIONS if name not in QUIET_MOTIONS]
        motion = moving[int(rng.integers(len(moving)))]
    still = render(replace(scene, motion=motion), np.array([rng.uniform(-0.2, 0.2)])).frames
    return np.repeat(still, len(times), axis=0), ()


def _spliced(scene: Scene, times: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, tuple[int, ...]]:
    """The same two figures in the same room change from one motion to another in mid-action."""
    others = [name for name in MOTIONS if name != scene.motion]
    second = replace(scene, motion=others[int(rng.integers(len(others)))])
    cut = int(np.clip(len(times) // 2 + rng.integers(-2, 3), 1, len(times) - 1))
    return np.concatenate([render(scene, times[:cut]).frames, render(second, times[cut:]).frames]), ()


def _deserted(scene: Scene, times: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, tuple[int, ...]]:
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


@dataclass(frozen=True)
class ClipPool:
    """Clips of one world with their labels."""

    frames: np.ndarray
    """(N, F, H, W, 3) uint8."""
    motions: np.ndarray
    """(N,) int64."""
    kinds: np.ndarray
    """(N, 2) int64, left and right."""


def render_clips(
    world: World, clips: int, frames: int, height: int, width: int, progress: Callable[[str], None], workers: int = 2
) -> ClipPool:
    """Render the first clips of a world, in processes of their own."""
    pictures = np.empty((clips, frames, height, width, 3), np.uint8)
    motions, kinds = np.empty(clips, np.int64), np.empty((clips, 2), np.int64)
    draw = partial(judge_clip, world=world, frames=frames, height=height, width=width)
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for n, clip in enumerate(pool.imap(draw, range(clips), chunksize=20)):
            pictures[n], motions[n], kinds[n] = clip.frames, clip.motion, (clip.left, clip.right)
            if (n + 1) % 500 == 0:
                progress(f"rendered {n + 1} of {clips} clips")
    return ClipPool(pictures, motions, kinds)
