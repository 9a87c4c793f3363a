"""What the theatre plays for one relation: which clips, what is odd about them, and how each one is staged."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from dreamrelation.errors import UserError
from dreamrelation.puppets.theatre.figures import EXEMPLAR_SHIRTS, KINDS, dressed
from dreamrelation.puppets.theatre.motions import MOTIONS
from dreamrelation.puppets.theatre.ntu_writer import FRAMES_PER_SECOND
from dreamrelation.puppets.theatre.render import Scene, draw_scene
from dreamrelation.puppets.theatre.room import EXEMPLAR_ROOMS
from dreamrelation.relations import RELATIONS, Relation
from dreamrelation.settings.puppets import PuppetSettings

Oddity = Literal["none", "order_swaps", "body_id_changes", "empty_frame", "furniture"]
"""What the sensor does to a clip that is good all the same."""
Flaw = Literal["too_short", "one_body", "third_body", "missing_skeleton", "truncated_video", "frame_counts_differ"]
"""What makes a clip useless."""

ODDITIES: tuple[Oddity, ...] = get_args(Oddity)
FLAWS: tuple[Flaw, ...] = get_args(Flaw)
PLAIN_FLAWS: tuple[Flaw, ...] = ("too_short", "truncated_video")
"""Those that a video has without a skeleton."""

PURPOSE = 0x9A
"""Sets the theatre's random numbers apart from those of other stages."""
BODY_SHARE = (0.48, 0.58)
"""Range of figure heights over picture heights: the crop tightens."""
GOOD_FRAMES, SHORT_FRAMES = (30, 44), (12, 18)
"""Least and most frames of good and of too short clips."""
FIRST_FLAWED_PERFORMER = 91
FIRST_OWN = 1000
"""Above NTU's labels: what a relation of one's own has in the place of a label."""


@dataclass(frozen=True)
class Part:
    """One clip of the programme."""

    clip: str
    relation: Relation
    number: int
    """Counts the relation's clips; all that is random about a clip comes of seed, action and this."""
    oddity: Oddity
    flaw: Flaw | None


def programme(relation: Relation, good_clips: int) -> Iterator[Part]:
    """The good clips of a relation, then one bad clip for each flaw, named as NTU RGB+D names them.

    Raises UserError where no motion shows it, or NTU does not have it.
    """
    _check_played(relation, [name for name in MOTIONS if name in RELATIONS])
    for n in range(good_clips):
        yield Part(_clip_name(relation, n, performer=1 + n // 2), relation, n, ODDITIES[n % len(ODDITIES)], None)
    for n, flaw in enumerate(FLAWS):
        clip = _clip_name(relation, n, performer=FIRST_FLAWED_PERFORMER + n // 2)
        yield Part(clip, relation, good_clips + n, "none", flaw)


def plain_programme(relation: Relation, good_clips: int) -> Iterator[Part]:
    """The same without skeletons: videos `01.mp4`, … in a folder that bears the relation's name.

    Raises UserError where no motion shows it.
    """
    _check_played(relation, list(MOTIONS))
    flaws = [None] * good_clips + list(PLAIN_FLAWS)
    for n, flaw in enumerate(flaws):
        yield Part(f"{relation.slug}-{n + 1:02d}.mp4", relation, n, "none", flaw)


def _check_played(relation: Relation, played: list[str]) -> None:
    if relation.slug not in played:
        raise UserError(f"relations: the puppets cannot play {relation.slug!r}, expected some of {', '.join(played)}")


def check_kinds(kinds: tuple[str, ...]) -> None:
    """Raise UserError where there are no kinds of figures, or one that the theatre does not have."""
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        found = repr(unknown[0]) if unknown else "none"
        raise UserError(f"puppets.kinds: found {found}, expected some of {', '.join(KINDS)}")


def _clip_name(relation: Relation, n: int, performer: int) -> str:
    """Each performer acts twice, before changing cameras."""
    return f"S{1 + (n // 2) % 4:03d}C{1 + n % 3:03d}P{performer:03d}R{1 + n % 2:03d}{relation.label}"


def part_rng(part: Part, seed: int) -> np.random.Generator:
    """What is random about a clip."""
    action = part.relation.action
    own = list(MOTIONS).index(part.relation.slug) + FIRST_OWN if action is None else action
    return np.random.default_rng([seed, PURPOSE, own, part.number])


def stage_scene(part: Part, settings: PuppetSettings, rng: np.random.Generator) -> Scene:
    """The scene of a clip, in one of the exemplars' few rooms; of persons, the two wear different clothes."""
    first, second = (str(kind) for kind in rng.choice(list(settings.kinds), size=2))
    scene = draw_scene(
        part.relation.slug, (first, second), rng, settings.height, settings.width, BODY_SHARE, EXEMPLAR_ROOMS,
        shirts=EXEMPLAR_SHIRTS,
    )  # fmt: skip
    while scene.partner.body == scene.actor.body and first == second:
        scene = replace(scene, partner=dressed(second, rng, EXEMPLAR_SHIRTS))
    return scene


def frame_times(part: Part, rng: np.random.Generator) -> np.ndarray:
    """(F,) seconds relative to the height of the action, which comes within 0.3 s of the middle."""
    least, most = SHORT_FRAMES if part.flaw == "too_short" else GOOD_FRAMES
    frames = int(rng.integers(least, most + 1))
    return (np.arange(frames) - (frames - 1) / 2) / FRAMES_PER_SECOND + rng.uniform(-0.3, 0.3)


def caption(part: Part, scene: Scene) -> str:
    """The relation's caption; where it has no actor, the first-named is the one on the left."""
    kinds = (scene.actor.kind, scene.partner.kind)
    swapped = part.relation.actor is None and scene.mirrored
    return part.relation.caption(*(kinds[::-1] if swapped else kinds))
