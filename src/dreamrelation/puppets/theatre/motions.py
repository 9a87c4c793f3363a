"""The motions of the puppets: for a time in seconds, the poses of an actor and a partner.

Time 0 is the height of the action. The actor stands on the left and looks to the right; the renderer mirrors.
Names that are slugs of NTU relations are drawn as those; the others are things that two figures merely do.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dreamrelation.puppets.theatre.poses import HIP_HEIGHT, Pose, standing_pose


@dataclass(frozen=True)
class Manner:
    """How one clip performs its motion."""

    gap: float
    """Distance of the two figures relative to the motion's usual one, about 1."""
    vigour: float
    """Size of the movement relative to the usual one, about 1."""
    phase: float
    """Radians by which repeated movements are shifted."""


Motion = Callable[[float, Manner], tuple[Pose, Pose]]
"""A time in seconds and a manner → the poses of actor and partner."""


def between(time: float, start: float, end: float) -> float:
    """0 before `start`, 1 after `end`, smooth in between."""
    s = float(np.clip((time - start) / (end - start), 0.0, 1.0))
    return s * s * (3 - 2 * s)


def pulse(time: float, rise: float, hold: float) -> float:
    """0 far from time 0, 1 within ±hold/2 of it, smooth over `rise` seconds."""
    return between(time, -hold / 2 - rise, -hold / 2) * (1 - between(time, hold / 2, hold / 2 + rise))


def mix(a: np.ndarray, b: np.ndarray, share: float) -> np.ndarray:
    return (1 - share) * a + share * b


def pair(half_gap: float, facing_away: bool = False) -> tuple[Pose, Pose]:
    sign = -1.0 if facing_away else 1.0
    return standing_pose(-half_gap, sign), standing_pose(half_gap, -sign)


def move(pose: Pose, dx: float, dy: float = 0.0) -> None:
    """Shift the whole figure."""
    for part in ("hip", "near_hand", "far_hand", "near_foot", "far_foot"):
        setattr(pose, part, getattr(pose, part) + np.array([dx, dy]))


def stride(pose: Pose, distance: float) -> None:
    """Legs and arms of a walking figure that has come `distance` body heights (signed along its facing)."""
    angle = 2 * np.pi * distance / 0.55
    x = pose.hip[0]
    for part, shift in (("near", 0.0), ("far", np.pi)):
        swing = 0.15 * np.cos(angle + shift)
        lift = 0.07 * max(0.0, -np.sin(angle + shift))
        setattr(pose, f"{part}_foot", np.array([x + pose.facing * swing, 0.02 + lift]))
        hand_swing = -0.14 * np.cos(angle + shift)
        setattr(pose, f"{part}_hand", np.array([x + pose.facing * (0.05 + hand_swing), HIP_HEIGHT - 0.02]))
    pose.hip = np.array([x, HIP_HEIGHT + 0.012 * np.cos(2 * angle)])


def standing(time: float, manner: Manner) -> tuple[Pose, Pose]:
    poses = pair(0.5 * manner.gap)
    for pose, shift in zip(poses, (0.0, 2.0), strict=True):
        sway = np.sin(1.8 * time + manner.phase + shift)
        pose.hip = pose.hip + np.array([0.008 * sway, 0.0])
        pose.near_hand = pose.near_hand + np.array([0.015 * sway, 0.0])
    return poses


def waving(time: float, manner: Manner) -> tuple[Pose, Pose]:
    poses = pair(0.52 * manner.gap)
    for pose, shift in zip(poses, (0.0, 1.5), strict=True):
        swing = 0.13 * manner.vigour * np.sin(7.5 * time + manner.phase + shift)
        pose.near_hand = pose.hip + np.array([-pose.facing * (0.2 + swing), 0.5])
        pose.near_bend = 1.0
    return poses


def jumping(time: float, manner: Manner) -> tuple[Pose, Pose]:
    poses = pair(0.52 * manner.gap)
    for pose, shift in zip(poses, (0.0, 0.7), strict=True):
        wave = np.sin(4.6 * time + manner.phase + shift)
        height = 0.17 * manner.vigour * max(0.0, wave)
        crouch = 0.06 * max(0.0, -wave)
        move(pose, 0.0, height)
        pose.hip = pose.hip - np.array([0.0, crouch])
        arms = between(wave, -0.6, 0.8)
        pose.near_hand = mix(pose.near_hand, pose.hip + [-0.18 * pose.facing, 0.5], arms)
        pose.far_hand = mix(pose.far_hand, pose.hip + [0.2 * pose.facing, 0.5], arms)
    return poses


def bowing(time: float, manner: Manner) -> tuple[Pose, Pose]:
    poses = pair(0.58 * manner.gap)
    depth = pulse(time, 0.55, 0.35)
    for pose in poses:
        pose.lean = 1.0 * manner.vigour * depth
        pose.hip = pose.hip + np.array([-0.07 * pose.facing * depth, 0.0])
        pose.near_hand = pose.near_hand + np.array([0.1 * pose.facing * depth, -0.04 * depth])
        pose.far_hand = pose.far_hand + np.array([0.12 * pose.facing * depth, -0.04 * depth])
    return poses


def dancing(time: float, manner: Manner) -> tuple[Pose, Pose]:
    poses = pair(0.52 * manner.gap)
    for pose, shift in zip(poses, (0.0, np.pi), strict=True):
        beat = np.sin(5.2 * time + manner.phase + shift)
        pose.hip = pose.hip + np.array([0.07 * manner.vigour * beat, -0.03 * abs(beat)])
        pose.lean = -0.18 * beat * pose.facing
        pose.near_hand = pose.hip + np.array([-0.24 * pose.facing, 0.3 + 0.2 * beat])
        pose.far_hand = pose.hip + np.array([0.26 * pose.facing, 0.3 - 0.2 * beat])
    return poses


def walking_towards(time: float, manner: Manner) -> tuple[Pose, Pose]:
    travelled = 0.38 * manner.vigour * np.clip(time, -1.4, 0.75)
    half_gap = 0.55 * manner.gap - travelled
    poses = pair(half_gap)
    for pose in poses:
        stride(pose, travelled + manner.phase)
    return poses


def walking_apart(time: float, manner: Manner) -> tuple[Pose, Pose]:
    travelled = 0.38 * manner.vigour * np.clip(time, -0.75, 1.4)
    poses = pair(0.55 * manner.gap + travelled, facing_away=True)
    for pose in poses:
        stride(pose, travelled + manner.phase)
    return poses


def follow(time: float, manner: Manner) -> tuple[Pose, Pose]:
    travelled = 0.45 * manner.vigour * time
    poses = standing_pose(-0.45 * manner.gap + travelled, 1.0), standing_pose(0.4 * manner.gap + travelled, 1.0)
    stride(poses[0], travelled + manner.phase)
    stride(poses[1], travelled + manner.phase + 0.2)
    return poses


def point_finger(time: float, manner: Manner) -> tuple[Pose, Pose]:
    actor, partner = pair(0.5 * manner.gap)
    raised = pulse(time, 0.4, 0.9 * manner.vigour)
    target = actor.hip + np.array([0.42, 0.3 + 0.02 * np.sin(6 * time + manner.phase)])
    actor.near_hand = mix(actor.near_hand, target, raised)
    partner.lean = -0.08 * raised
    return actor, partner


def punch_slap(time: float, manner: Manner) -> tuple[Pose, Pose]:
    actor, partner = pair(0.34 * manner.gap)
    blow = pulse(time, 0.2, 0.15)
    guard = pulse(time, 0.6, 0.7)
    actor.near_hand = mix(actor.near_hand, actor.hip + [0.12, 0.22], guard)
    actor.far_hand = mix(actor.far_hand, actor.hip + [0.2, 0.25], guard)
    actor.near_hand = mix(actor.near_hand, partner.hip + [-0.08, 0.4], blow)
    actor.lean = 0.25 * blow * manner.vigour
    hit = between(time, -0.08, 0.1) * (1 - between(time, 0.5, 1.1))
    partner.lean, partner.nod = -0.3 * hit * manner.vigour, -0.05 * hit
    move(partner, 0.06 * hit)
    return actor, partner


def kicking(time: float, manner: Manner) -> tuple[Pose, Pose]:
    actor, partner = pair(0.36 * manner.gap)
    kick = pulse(time, 0.32, 0.25)
    windup = pulse(time + 0.55, 0.25, 0.05)
    target = np.array([partner.hip[0] - 0.08, HIP_HEIGHT + 0.02])
    actor.near_foot = mix(actor.near_foot + [-0.12 * windup, 0.06 * windup], target, kick)
    actor.lean = -0.35 * kick * manner.vigour
    actor.near_hand = mix(actor.near_hand, actor.hip + [-0.22, 0.12], kick)
    actor.far_hand = mix(actor.far_hand, actor.hip + [0.2, 0.2], kick)
    hit = between(time, -0.1, 0.15) * (1 - between(time, 0.6, 1.2))
    partner.lean = 0.5 * hit
    partner.hip = partner.hip + np.array([0.1 * hit, -0.02 * hit])
    partner.near_hand = mix(partner.near_hand, partner.hip + [-0.1, 0.02], hit)
    partner.far_hand = mix(partner.far_hand, partner.hip + [-0.13, 0.05], hit)
    return actor, partner


def pushing(time: float, manner: Manner) -> tuple[Pose, Pose]:
    actor, partner = pair(0.36 * manner.gap)
    push = pulse(time, 0.35, 0.4)
    actor.lean = 0.3 * push
    actor.hip = actor.hip + np.array([0.06 * push, -0.02 * push])
    shove = between(time, -0.1, 0.5) * (1 - between(time, 1.2, 1.9))
    chest = partner.hip + np.array([-0.07 + 0.05 * shove, 0.2])
    actor.near_hand = mix(actor.near_hand, chest, push)
    actor.far_hand = mix(actor.far_hand, chest + [0.0, 0.05], push)
    move(partner, 0.22 * manner.vigour * shove)
    partner.lean = -0.3 * shove * (1 - between(time, 0.5, 1.1))
    partner.near_hand = mix(partner.near_hand, partner.hip + [-0.22, 0.22], shove)
    partner.far_hand = mix(partner.far_hand, partner.hip + [-0.2, 0.3], shove)
    return actor, partner


def high_five(time: float, manner: Manner) -> tuple[Pose, Pose]:
    poses = pair(0.36 * manner.gap)
    raised = pulse(time, 0.4, 0.25)
    for pose in poses:
        meeting = np.array([-0.02 * pose.facing, 0.92])
        waiting = pose.hip + np.array([0.05 * pose.facing, 0.48])
        clap = pulse(time, 0.2, 0.1)
        pose.near_hand = mix(mix(pose.near_hand, waiting, raised), meeting, clap * raised)
        pose.near_bend = 1.0 if raised > 0.5 else -1.0
        pose.lean = 0.08 * raised * manner.vigour
    return poses


def shaking_hands(time: float, manner: Manner) -> tuple[Pose, Pose]:
    poses = pair(0.36 * manner.gap)
    reach = pulse(time, 0.4, 1.3)
    height = HIP_HEIGHT + 0.12 + 0.065 * manner.vigour * np.sin(11.0 * time + manner.phase)
    for pose in poses:
        pose.near_hand = mix(pose.near_hand, np.array([-0.015 * pose.facing, height]), reach)
        pose.lean = 0.1 * reach
    return poses


def hugging(time: float, manner: Manner) -> tuple[Pose, Pose]:
    close = pulse(time, 0.55, 0.7)
    poses = pair(0.42 * manner.gap * (1 - close) + 0.14 * close)
    for pose in poses:
        other_back = np.array([0.2 * pose.facing, HIP_HEIGHT + 0.2])
        pose.near_hand = mix(pose.near_hand, other_back, close)
        pose.far_hand = mix(pose.far_hand, other_back + [0.0, -0.1], close)
        pose.lean = 0.1 * close + 0.03 * np.sin(4 * time + manner.phase) * close
        pose.nod = -0.01 * close
    return poses


MOTIONS: dict[str, Motion] = {
    motion.__name__: motion
    for motion in (
        standing, waving, jumping, bowing, dancing,
        punch_slap, kicking, pushing, point_finger, hugging, shaking_hands,
        walking_towards, walking_apart, high_five, follow,
    )
}  # fmt: skip
