"""Which of two people is subject 1."""

import numpy as np

from dreamrelation.data.distances import squared_distances
from dreamrelation.data.ntu.skeletons import FEET, HANDS, HEAD, JOINTS
from dreamrelation.data.ntu.tracks import Tracks
from dreamrelation.data.windows import Window
from dreamrelation.relations import ActorCue

SPINE_BASE = 0
CUE_JOINTS: dict[str, tuple[int, ...]] = {"hand": HANDS, "foot": FEET, "head": HEAD, "body": tuple(range(JOINTS))}
CLEAR_WALK = 0.1
"""Who is behind can be told if the two have moved this share of their distance, at least."""


def choose_subject(tracks: Tracks, window: Window, cue: ActorCue | None) -> tuple[int, str]:
    """The track (0 or 1) of subject 1 in a window, and the rule that told it.

    The rule is "actor_hand" and the like where the relation has an actor, who is the one whose joints of that kind
    move most; "actor_behind" where it is the one that walks behind; else "left", in the window's first frame.
    """
    positions = tracks.positions[list(window.frames)]
    if cue == "behind":
        behind = walks_behind(positions[:, :, SPINE_BASE])
        if behind is not None:
            return behind, "actor_behind"
    elif cue in CUE_JOINTS or cue == "moves":
        if cue not in ("body", "moves"):
            positions = positions - positions[:, :, [SPINE_BASE]]  # whoever is pushed or pulled moves as a whole
        moved = [reach(positions[:, who, CUE_JOINTS.get(cue, CUE_JOINTS["body"])]) for who in range(2)]
        return int(moved[1] > moved[0]), f"actor_{cue}"
    left = leftmost(tracks.pixels[window.frames[0]], tracks.tracked[window.frames[0]])
    return (1 - left, "right") if cue == "right" else (left, "left")


def rule_without_skeleton(cue: ActorCue | None) -> str:
    """The rule by which masks alone tell subject 1: "left", "right" or, where somebody's joints would, "moves"."""
    if cue is None or cue in ("left", "right", "behind"):
        return "right" if cue == "right" else "left"
    return "moves"


def reach(positions: np.ndarray) -> float:
    """The farthest that two places of one joint are apart, over the joints of (F, J, 3), in metres."""
    return float(np.sqrt(squared_distances(positions[:, None], positions[None, :]).max()))


def walks_behind(centres: np.ndarray) -> int | None:
    """Which of two walkers is behind, (F, 2, 3); None where they do not walk the same way."""
    walked = centres[-1] - centres[0]
    together = walked.mean(axis=0)
    between = (centres[:, 1] - centres[:, 0]).mean(axis=0)
    length = float(np.linalg.norm(together))
    same_way = bool((walked @ together > 0).all())
    if not same_way or length < CLEAR_WALK * float(np.linalg.norm(between)):
        return None
    return int(between @ together < 0)


def leftmost(pixels: np.ndarray, tracked: np.ndarray) -> int:
    """Which of two bodies is on the left in a frame, (2, 25, 2) and (2, 25)."""
    centres = [float(np.median(pixels[who, tracked[who], 0])) for who in range(2)]
    return int(centres[1] < centres[0])
