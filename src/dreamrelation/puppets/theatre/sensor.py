"""What the sensor makes of a scene: the bodies that its skeleton file lists, with the troubles of NTU RGB+D."""

from dataclasses import replace

import numpy as np

from dreamrelation.puppets.theatre.ntu_writer import SensedBody
from dreamrelation.puppets.theatre.poses import NTU_JOINTS, ntu_joints, solve, standing_pose
from dreamrelation.puppets.theatre.programme import Flaw, Oddity
from dreamrelation.puppets.theatre.render import Scene, Take

Frames = list[list[SensedBody]]
FIRST_BODY_ID = 72057594037927936
"""The Kinect's bodyIDs are larger than 2^53."""
LOST_FRAMES = 4
"""Frames that a skeleton file with a wrong count lacks."""


def sense(scene: Scene, take: Take, oddity: Oddity, flaw: Flaw | None, rng: np.random.Generator) -> Frames:
    """The bodies of each frame: in the first one the actor and then the partner."""
    number = int(rng.integers(1, 1 << 20)) * 64
    ids = [FIRST_BODY_ID + number + n for n in range(4)]
    frames = [
        [_body(ids[who], take, frame, who) for who in range(2 - (flaw == "one_body"))]
        for frame in range(len(take.frames))
    ]
    if oddity == "order_swaps":
        frames = [bodies[::-1] if n and rng.uniform() < 0.3 else bodies for n, bodies in enumerate(frames)]
    elif oddity == "body_id_changes":
        change, who = len(frames) // 2 + int(rng.integers(-2, 3)), int(rng.integers(2))
        frames = [_renamed(bodies, who, ids[2]) if n >= change else bodies for n, bodies in enumerate(frames)]
    elif oddity == "empty_frame":
        frames[1] = []
    elif oddity == "furniture":
        frames = [[*bodies, _furniture(ids[2], scene)] for bodies in frames]
    if flaw == "third_body":
        frames = [[*bodies, _stranger(ids[2], scene)] for bodies in frames]
    return frames[:-LOST_FRAMES] if flaw == "frame_counts_differ" else frames


def _body(body_id: int, take: Take, frame: int, who: int) -> SensedBody:
    pixels = take.joints[frame, who]
    facing = float(np.sign(take.joints[frame, 1 - who, 0, 0] - pixels[0, 0]))
    return SensedBody(body_id, pixels, _seen(pixels, take.masks[frame, who]), facing)


def _seen(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Joints on the body's visible pixels, (25, 2) and (H, W) → (25,) bool."""
    x, y = np.round(pixels).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    seen = np.zeros(len(pixels), bool)
    seen[inside] = mask[y[inside], x[inside]]
    return seen


def _renamed(bodies: list[SensedBody], who: int, body_id: int) -> list[SensedBody]:
    return [replace(body, body_id=body_id) if n == who else body for n, body in enumerate(bodies)]


def _stranger(body_id: int, scene: Scene) -> SensedBody:
    """A person who stands still at the edge of the room, where the sensor sees one and the video shows none."""
    camera = scene.camera
    origin = np.array([0.06 * camera.width, camera.floor])
    pixels = origin + camera.body * ntu_joints(solve(standing_pose(0.0, 1.0))) * [1.0, -1.0]
    return SensedBody(body_id, pixels, np.zeros(NTU_JOINTS, bool), facing=1.0)


def _furniture(body_id: int, scene: Scene) -> SensedBody:
    """A table that the sensor takes for a body: much wider than high."""
    camera = scene.camera
    share = np.linspace(0.0, 1.0, NTU_JOINTS)
    x = 0.05 * camera.width + 0.6 * camera.body * share
    y = camera.floor - camera.body * (0.2 + 0.05 * np.cos(2 * np.pi * share))
    return SensedBody(body_id, np.column_stack([x, y]), np.zeros(NTU_JOINTS, bool), facing=0.0)
