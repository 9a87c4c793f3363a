"""Drawing a scene: two figures, one motion, one room, one camera → frames, true masks and NTU joints."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from dreamrelation.puppets.theatre.figures import SHIRTS, Brush, Colour, Figure, dressed, paint
from dreamrelation.puppets.theatre.motions import MOTIONS, Manner, Motion
from dreamrelation.puppets.theatre.poses import Pose, ntu_joints, solve
from dreamrelation.puppets.theatre.room import ROOMS, Room, choose_room, paint_room

SUPERSAMPLING = 2
FLOOR_DEPTH = 0.06
"""Body heights by which the figures' feet stand below the edge of the wall."""


@dataclass(frozen=True)
class Camera:
    """Where the stage lands in the picture."""

    height: int
    width: int
    body: float
    """Height of a figure in pixels."""
    floor: float
    """Pixel row of the figures' feet."""
    centre: float
    """Pixel column of world x = 0."""


@dataclass(frozen=True)
class Scene:
    """Everything that one clip shows."""

    motion: str
    actor: Figure
    partner: Figure
    manner: Manner
    room: Room
    camera: Camera
    speed: float
    """Seconds of motion per second of video."""
    mirrored: bool
    """The actor stands on the right."""
    actor_in_front: bool


@dataclass(frozen=True)
class Take:
    """A rendered scene."""

    frames: np.ndarray
    """(F, H, W, 3) uint8 RGB."""
    masks: np.ndarray
    """(F, 2, H, W) bool, the visible pixels of actor and partner."""
    joints: np.ndarray
    """(F, 2, 25, 2) pixel x, y of NTU's joints of actor and partner."""


def draw_scene(
    motion: str,
    kinds: tuple[str, str],
    rng: np.random.Generator,
    height: int,
    width: int,
    body_share: tuple[float, float] = (0.66, 0.8),
    rooms: tuple = ROOMS,
    speeds: tuple[float, float] = (0.85, 1.2),
    shirts: tuple[Colour, ...] = SHIRTS,
) -> Scene:
    """Draw the details of a scene at random.

    `body_share` is the range of figure heights over picture heights.
    """
    body = height * rng.uniform(*body_share)
    camera = Camera(
        height=height,
        width=width,
        body=body,
        floor=height * rng.uniform(0.9, 0.96),
        centre=width * rng.uniform(0.46, 0.54),
    )
    return Scene(
        motion=motion,
        actor=dressed(kinds[0], rng, shirts),
        partner=dressed(kinds[1], rng, shirts),
        manner=Manner(gap=rng.uniform(0.93, 1.07), vigour=rng.uniform(0.85, 1.1), phase=rng.uniform(0, 2 * np.pi)),
        room=choose_room(rng, rooms),
        camera=camera,
        speed=rng.uniform(*speeds),
        mirrored=bool(rng.integers(2)),
        actor_in_front=bool(rng.integers(2)),
    )


def _mirror(pose: Pose) -> Pose:
    flip = np.array([-1.0, 1.0])
    return replace(
        pose,
        hip=pose.hip * flip,
        facing=-pose.facing,
        near_hand=pose.near_hand * flip,
        far_hand=pose.far_hand * flip,
        near_foot=pose.near_foot * flip,
        far_foot=pose.far_foot * flip,
    )


def render(scene: Scene, times: np.ndarray, motion: Motion | None = None) -> Take:
    """Draw a scene at `times`, seconds of video relative to the height of the action.

    `motion` takes the place of the one that the scene names.
    """
    perform = MOTIONS[scene.motion] if motion is None else motion
    camera, big = scene.camera, SUPERSAMPLING
    height, width, body = camera.height * big, camera.width * big, camera.body * big
    horizon = camera.floor * big - FLOOR_DEPTH * body
    empty = paint_room(scene.room, height, width, horizon, body)
    origin = np.array([camera.centre * big, camera.floor * big])
    figures = (scene.actor, scene.partner)
    frames, masks, joints = [], [], []
    for time in times:
        poses = perform(float(time) * scene.speed, scene.manner)
        bodies = [solve(_mirror(pose) if scene.mirrored else pose) for pose in poses]
        picture = empty.copy()
        ink = [np.zeros((height, width), np.uint8) for _ in figures]
        order = (1, 0) if scene.actor_in_front else (0, 1)
        for who in order:
            paint(Brush(picture, ink[who], body, origin), figures[who], bodies[who])
        back, front = order
        ink[back] = np.minimum(ink[back], 255 - ink[front])
        size = (camera.width, camera.height)
        frames.append(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
        masks.append([cv2.resize(m, size, interpolation=cv2.INTER_AREA) > 127 for m in ink])
        joints.append([(origin + body * ntu_joints(b) * [1.0, -1.0]) / big for b in bodies])
    return Take(np.stack(frames), np.array(masks), np.array(joints))
