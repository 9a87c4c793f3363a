"""What the small Mochi has seen: which motions, which figures and how often, with their captions.

The three relations that the default experiment teaches are *rare* here, as handshakes are in Mochi's own training
data (the paper's Mochi gets 26 % of them right): the base model has an idea of them, and no more.
"""

from dataclasses import dataclass

import numpy as np

from dreamrelation.puppets.theatre.figures import KINDS
from dreamrelation.puppets.theatre.motions import MOTIONS
from dreamrelation.puppets.theatre.render import Take, draw_scene, render
from dreamrelation.puppets.theatre.room import ROOMS

FRAMES_PER_SECOND = 10
RARE_MOTIONS = ("shaking_hands", "hugging", "kicking")
RARE_WEIGHT = 0.1
"""How often a rare motion is drawn, relative to a common one."""

CAPTIONS = {
    "standing": "A {actor} is standing next to a {partner}.",
    "waving": "A {actor} and a {partner} are waving.",
    "jumping": "A {actor} and a {partner} are jumping.",
    "bowing": "A {actor} and a {partner} are bowing.",
    "dancing": "A {actor} and a {partner} are dancing.",
    "punch_slap": "A {actor} is punching a {partner}.",
    "kicking": "A {actor} is kicking a {partner}.",
    "pushing": "A {actor} is pushing a {partner}.",
    "point_finger": "A {actor} is pointing a finger at a {partner}.",
    "hugging": "A {actor} is hugging a {partner}.",
    "shaking_hands": "A {actor} is shaking hands with a {partner}.",
    "walking_towards": "A {actor} is walking towards a {partner}.",
    "walking_apart": "A {actor} is walking apart from a {partner}.",
    "high_five": "A {actor} is giving a high five to a {partner}.",
    "follow": "A {actor} is following a {partner}.",
}
"""Captions of the motions; those of NTU relations must equal the relation's own caption (a test sees to it)."""


@dataclass(frozen=True)
class Shot:
    """One clip of a repertoire."""

    take: Take
    motion: str
    kinds: tuple[str, str]
    """Actor and partner."""
    mirrored: bool

    @property
    def caption(self) -> str:
        return caption(self.motion, self.kinds)


def caption(motion: str, kinds: tuple[str, str]) -> str:
    return CAPTIONS[motion].format(actor=kinds[0], partner=kinds[1])


def shoot(
    seed: int,
    index: int,
    frames: int,
    height: int,
    width: int,
    rooms: tuple = ROOMS,
    speeds: tuple[float, float] = (0.85, 1.2),
    rare_weight: float = RARE_WEIGHT,
) -> Shot:
    """The `index`-th clip of the repertoire with this `seed`; any order of calls gives the same clips."""
    rng = np.random.default_rng([seed, index])
    names = list(MOTIONS)
    weights = np.array([rare_weight if name in RARE_MOTIONS else 1.0 for name in names])
    motion = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    first, second = (str(kind) for kind in rng.choice(list(KINDS), size=2))
    kinds = (first, second)
    scene = draw_scene(motion, kinds, rng, height, width, (0.62, 0.8), rooms, speeds)
    centre = rng.uniform(-0.25, 0.25)
    times = (np.arange(frames) - (frames - 1) / 2) / FRAMES_PER_SECOND + centre
    return Shot(render(scene, times), motion, kinds, scene.mirrored)
