"""The clips that the judge learns from and is tested on.

A quarter of them belong to no motion: frozen, in a wrong order, two motions cut together or laid over each other, with
somebody missing, or improvised. So the judge need not call a broken clip a handshake only because nothing else fits.
"""

import itertools
import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from dreamrelation.puppets.models.spoilt_clips import SPOILS
from dreamrelation.puppets.theatre.figures import EXEMPLAR_SHIRTS, HELD_OUT_SHIRTS, KINDS, SHIRTS, Colour
from dreamrelation.puppets.theatre.motions import MOTIONS
from dreamrelation.puppets.theatre.render import Scene, draw_scene, render
from dreamrelation.puppets.theatre.repertoire import FRAMES_PER_SECOND, has_actor
from dreamrelation.puppets.theatre.room import EXEMPLAR_ROOMS, HELD_OUT_ROOMS, OTHER_ROOMS, ROOMS

NONE = "none"
NOBODY = "nobody"
JUDGED_MOTIONS = (*MOTIONS, NONE)
"""The judge's classes of motion; `none` is no motion that the puppets know."""
JUDGED_KINDS = (*KINDS, NOBODY)
"""The judge's classes of figure, for the one on the left and the one on the right."""

ACTING_MOTIONS = tuple(name for name in MOTIONS if has_actor(name))
"""The motions in which one figure does something to the other."""

NONE_SHARE = 0.25

TEST_ROOMS = EXEMPLAR_ROOMS + HELD_OUT_ROOMS
TEST_SHIRTS = EXEMPLAR_SHIRTS + HELD_OUT_SHIRTS
CLEARANCE = 12
"""Of the colours, 0–255, in the channel in which two differ most."""


@dataclass(frozen=True)
class World:
    """What one set of clips may show. Training and held-out clips come from two worlds that share no seed."""

    seed: tuple[int, ...]
    rooms: tuple
    shirts: tuple[Colour, ...]
    shade: int
    """Each colour of room and shirts is shifted by up to this, per channel, 0–255."""
    avoided: tuple[Colour, ...]
    """No shifted colour comes as near as CLEARANCE to one of these."""
    held_out_pairs: bool
    """Whether only the pairs of `is_held_out` act, or only the others."""
    speeds: tuple[tuple[float, float], ...]
    """Bands of speed, one drawn per clip."""
    body_share: tuple[float, float]
    """Range of figure heights over picture heights."""
    shifts: tuple[tuple[float, float], ...]
    """Bands of how far from the picture's centre the figures stand, to either side, as a share of its width."""
    delay_s: float
    """The height of the action lies up to this from the clip's middle."""


def training_world(seed: int) -> World:
    """Rooms, clothes, pairs, places and speeds that the judge learns from.

    It is tested on what lies between, not beyond: a slower handshake than any that it knows is a still to it.
    """
    return World(
        seed=(seed, 11),
        rooms=ROOMS + OTHER_ROOMS,
        shirts=SHIRTS,
        shade=56,
        avoided=tuple(colour for room in TEST_ROOMS for colour in room[:3]) + TEST_SHIRTS,
        held_out_pairs=False,
        speeds=((0.66, 0.74), (0.8, 1.05), (1.05, 1.3), (1.36, 1.5)),
        body_share=(0.56, 0.84),
        shifts=((0.0, 0.045), (0.045, 0.09), (0.11, 0.13)),
        delay_s=0.3,
    )


def held_out_world(seed: int) -> World:
    """Rooms, clothes, pairs, places and speeds that no clip shows from which the judge learned.

    Of these the transformer has seen the pairs only. The rooms and clothes that are kept for exemplars are among them,
    so how well it judges these is measured, too.
    """
    return World(
        seed=(seed, 12),
        rooms=TEST_ROOMS,
        shirts=TEST_SHIRTS,
        shade=0,
        avoided=(),
        held_out_pairs=True,
        speeds=((0.74, 0.8), (1.3, 1.36)),
        body_share=(0.6, 0.82),
        shifts=((0.09, 0.11),),
        delay_s=0.25,
    )


def is_held_out(first: str, second: str) -> bool:
    """Whether this pair, in this order, acts only where the judge is tested: one in eight, each kind in each place."""
    kinds = list(KINDS)
    return (kinds.index(first) + 3 * kinds.index(second) + 1) % len(kinds) == 0


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
    spoil: str | None
    """What makes it a clip of no motion."""


def judge_clip(index: int, world: World, frames: int, height: int, width: int) -> JudgeClip:
    """The `index`-th clip of a world; every motion comes equally often, and any order of calls gives the same clips."""
    rng = np.random.default_rng([*world.seed, index])
    scene = world_scene(tuple(MOTIONS)[index % len(MOTIONS)], world, rng, height, width)
    times = (np.arange(frames) - (frames - 1) / 2) / FRAMES_PER_SECOND + rng.uniform(-world.delay_s, world.delay_s)
    spoil = str(rng.choice(list(SPOILS))) if rng.uniform() < NONE_SHARE else None
    kinds = [scene.actor.kind, scene.partner.kind]
    if spoil is None:
        pictures, motion = render(scene, times).frames, scene.motion
    else:
        pictures, missing = SPOILS[spoil](scene, times, rng)
        motion, kinds = NONE, [NOBODY if who in missing else kind for who, kind in enumerate(kinds)]
    left, right = (JUDGED_KINDS.index(kind) for kind in (reversed(kinds) if scene.mirrored else kinds))
    actor = int(scene.mirrored) if motion in ACTING_MOTIONS else None
    return JudgeClip(pictures, JUDGED_MOTIONS.index(motion), left, right, actor, spoil)


def acting_clips(world: World, clips: int, frames: int, height: int, width: int) -> Iterator[JudgeClip]:
    """The first clips of a world that show motions with an actor, the spoilt ones left out."""
    motions = tuple(MOTIONS)
    of_actors = (index for index in itertools.count() if motions[index % len(motions)] in ACTING_MOTIONS)
    drawn = (judge_clip(index, world, frames, height, width) for index in of_actors)
    return itertools.islice((clip for clip in drawn if clip.actor is not None), clips)


def world_scene(motion: str, world: World, rng: np.random.Generator, height: int, width: int) -> Scene:
    """A scene with the pairs, rooms, clothes, places and speeds of a world."""
    pairs = [pair for pair in itertools.product(KINDS, KINDS) if is_held_out(*pair) == world.held_out_pairs]
    pair = pairs[int(rng.integers(len(pairs)))]
    speeds = world.speeds[int(rng.integers(len(world.speeds)))]
    shifts = world.shifts[int(rng.integers(len(world.shifts)))]
    shirts = tuple(shaded(shirt, world, rng) for shirt in world.shirts)
    scene = draw_scene(motion, pair, rng, height, width, world.body_share, world.rooms, speeds, shirts)
    centre = width * (0.5 + rng.choice([-1, 1]) * rng.uniform(*shifts))
    room = {name: shaded(getattr(scene.room, name), world, rng) for name in ("wall", "paper", "floor")}
    return replace(scene, camera=replace(scene.camera, centre=centre), room=replace(scene.room, **room))


def shaded(colour: Colour, world: World, rng: np.random.Generator) -> Colour:
    """A colour of a world, shifted by chance within its `shade` and away from the colours that it avoids."""
    while True:
        r, g, b = (int(np.clip(c + rng.integers(-world.shade, world.shade + 1), 0, 255)) for c in colour)
        distances = [max(abs(r - red), abs(g - green), abs(b - blue)) for red, green, blue in world.avoided]
        if min(distances, default=CLEARANCE) >= CLEARANCE:
            return r, g, b


@dataclass(frozen=True)
class ClipPool:
    """Clips of one world with their labels."""

    frames: np.ndarray
    """(N, F, H, W, 3) uint8."""
    motions: np.ndarray
    """(N,) int64."""
    kinds: np.ndarray
    """(N, 2) int64, left and right."""
    spoils: tuple[str | None, ...]
    """What makes a clip belong to no motion."""

    def __len__(self) -> int:
        return len(self.spoils)


def render_clips(
    world: World, clips: int, frames: int, height: int, width: int, progress: Callable[[str], None], workers: int = 2
) -> ClipPool:
    """Render the first clips of a world, in processes of their own."""
    pictures = np.empty((clips, frames, height, width, 3), np.uint8)
    motions, kinds = np.empty(clips, np.int64), np.empty((clips, 2), np.int64)
    spoils: list[str | None] = []
    draw = partial(judge_clip, world=world, frames=frames, height=height, width=width)
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for n, clip in enumerate(pool.imap(draw, range(clips), chunksize=20)):
            pictures[n], motions[n], kinds[n] = clip.frames, clip.motion, (clip.left, clip.right)
            spoils.append(clip.spoil)
            if (n + 1) % 500 == 0:
                progress(f"rendered {n + 1} of {clips} clips")
    return ClipPool(pictures, motions, kinds, tuple(spoils))
