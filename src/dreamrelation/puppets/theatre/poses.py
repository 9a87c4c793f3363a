"""A puppet's body: where its joints are, given where its hands and feet should be.

Lengths are in body heights, x to the right, y upwards from the floor. Figures are seen from the side.
"""

from dataclasses import dataclass, field

import numpy as np

UPPER_ARM = FOREARM = 0.185
THIGH = SHIN = 0.225
TORSO = 0.27
HIP_HEIGHT = 0.42
HEAD_RADIUS = 0.135

NTU_JOINTS = 25
"""Joints per body in NTU RGB+D (Kinect v2), in the order of `ntu_joints`."""


@dataclass
class Pose:
    """What a motion decides about one figure in one frame; everything else follows by inverse kinematics."""

    hip: np.ndarray
    """(2,) position of the pelvis."""
    facing: float
    """+1 looks to the right, −1 to the left."""
    near_hand: np.ndarray
    far_hand: np.ndarray
    near_foot: np.ndarray
    far_foot: np.ndarray
    lean: float = 0.0
    """Radians by which the torso leans forward."""
    nod: float = 0.0
    """Body heights by which the head moves forward."""
    near_bend: float = field(default=-1.0)
    """Side to which the near elbow points: −1 down and back, +1 up."""


@dataclass
class Joints:
    """Joint positions of one figure in one frame, each (2,) in body heights."""

    facing: float
    hip: np.ndarray
    neck: np.ndarray
    head: np.ndarray
    near_arm: np.ndarray
    """(3, 2) shoulder, elbow, wrist."""
    far_arm: np.ndarray
    near_leg: np.ndarray
    """(3, 2) hip, knee, ankle."""
    far_leg: np.ndarray


def standing_pose(x: float, facing: float) -> Pose:
    """A figure at rest at x, hands hanging."""
    forward = np.array([facing, 0.0])
    hip = np.array([x, HIP_HEIGHT])
    return Pose(
        hip=hip,
        facing=facing,
        near_hand=hip + 0.05 * forward + [0, -0.06],
        far_hand=hip + 0.13 * forward + [0, -0.05],
        near_foot=np.array([x - 0.06 * facing, 0.02]),
        far_foot=np.array([x + 0.08 * facing, 0.02]),
    )


def two_bone_chain(root: np.ndarray, target: np.ndarray, upper: float, lower: float, bend: float) -> np.ndarray:
    """Root, middle joint and end of a two-bone limb that reaches for `target`, (3, 2).

    `bend` = ±1 picks the side of the middle joint. Targets out of reach are approached on the straight line.
    """
    reach = target - root
    distance = float(np.clip(np.hypot(*reach), 1e-6, 0.999 * (upper + lower)))
    direction = reach / max(float(np.hypot(*reach)), 1e-6)
    along = (distance**2 + upper**2 - lower**2) / (2 * distance)
    aside = np.sqrt(max(upper**2 - along**2, 0.0))
    normal = np.array([-direction[1], direction[0]])
    return np.stack([root, root + along * direction + bend * aside * normal, root + distance * direction])


def solve(pose: Pose) -> Joints:
    """All joints of a pose."""
    forward = np.array([pose.facing, 0.0])
    spine = np.array([pose.facing * np.sin(pose.lean), np.cos(pose.lean)])
    neck = pose.hip + TORSO * spine
    head = neck + 0.15 * spine + (0.02 + pose.nod) * forward
    shoulder = neck - 0.03 * spine
    elbow_side, knee_side = -pose.facing, pose.facing
    return Joints(
        facing=pose.facing,
        hip=pose.hip,
        neck=neck,
        head=head,
        near_arm=two_bone_chain(
            shoulder - 0.02 * forward, pose.near_hand, UPPER_ARM, FOREARM, -pose.near_bend * elbow_side
        ),
        far_arm=two_bone_chain(shoulder + 0.04 * forward, pose.far_hand, UPPER_ARM, FOREARM, elbow_side),
        near_leg=two_bone_chain(pose.hip - 0.03 * forward, pose.near_foot, THIGH, SHIN, knee_side),
        far_leg=two_bone_chain(pose.hip + 0.03 * forward, pose.far_foot, THIGH, SHIN, knee_side),
    )


def ntu_joints(joints: Joints) -> np.ndarray:
    """The 25 joints of NTU RGB+D in its own order, (25, 2).

    A figure that looks to the right shows its right side, so its near limbs are the right ones.
    """
    j = joints
    near, far = (j.near_arm, j.near_leg), (j.far_arm, j.far_leg)
    (right_arm, right_leg), (left_arm, left_leg) = (near, far) if j.facing > 0 else (far, near)
    forward = np.array([j.facing, 0.0])
    rows = [j.hip, (j.hip + j.neck) / 2, (j.neck + j.head) / 2, j.head]
    for arm in (left_arm, right_arm):
        hand = arm[2] + 0.2 * (arm[2] - arm[1])
        rows += [arm[0], arm[1], arm[2], hand]
    for leg in (left_leg, right_leg):
        rows += [leg[0], leg[1], leg[2], leg[2] + 0.05 * forward]
    rows.append(j.neck)
    for arm in (left_arm, right_arm):
        rows += [arm[2] + 0.3 * (arm[2] - arm[1]), arm[2] + np.array([0.0, 0.03])]
    return np.stack(rows)
