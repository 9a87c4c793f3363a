"""The worlds in which the small Mochi grows up: which motions, acted by whom, how often, where, and their captions.

The autoencoder has seen everything, as any video's autoencoder has. The transformer has not: it knows animals and
persons in generic motions and in poses that have no name, a few relations of persons alone, rarely, and of some
relations it has seen nothing. So there is something to learn from exemplars, and two animals in a customized relation
are always new.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dreamrelation.puppets.theatre.figures import EXEMPLAR_SHIRTS, KINDS, SHIRTS, Colour
from dreamrelation.puppets.theatre.improvisation import improvisation
from dreamrelation.puppets.theatre.motions import MOTIONS
from dreamrelation.puppets.theatre.render import Take, draw_scene, render
from dreamrelation.puppets.theatre.room import EXEMPLAR_ROOMS, OTHER_ROOMS, ROOMS
from dreamrelation.relations import RELATIONS

FRAMES_PER_SECOND = 10

PERSONS_ONLY = ("shaking_hands", "high_five")
"""Relations that the transformer has seen persons in, and nobody else."""
UNSEEN = ("hugging", "kicking", "pushing")
"""Relations that the transformer has seen nobody in."""
GENERIC = tuple(motion for motion in MOTIONS if motion not in PERSONS_ONLY + UNSEEN)
"""What the transformer has seen all kinds of figures do, in all pairs."""
RARE_WEIGHT = 0.1
"""How often the transformer saw each of PERSONS_ONLY, relative to each of GENERIC."""

IMPROVISING = "improvising"
"""What is played where nothing is rehearsed; no motion of MOTIONS, and no caption names it."""

CAPTIONS = {
    IMPROVISING: "A {actor} and a {partner}.",
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
class Repertoire:
    """What the clips of a world may show."""

    weights: Mapping[str, float]
    """How often each motion is drawn, relative to the others."""
    persons_only: tuple[str, ...]
    """Motions that only persons act; all others are acted by any two kinds, also twice the same."""
    rooms: tuple
    shirts: tuple[Colour, ...]


AUTOENCODERS = Repertoire(
    weights=dict.fromkeys(MOTIONS, 1.0),
    persons_only=(),
    rooms=ROOMS + EXEMPLAR_ROOMS + OTHER_ROOMS,
    shirts=SHIRTS + EXEMPLAR_SHIRTS,
)
TRANSFORMERS = Repertoire(
    weights=dict.fromkeys(GENERIC, 1.0) | dict.fromkeys(PERSONS_ONLY, RARE_WEIGHT),
    persons_only=PERSONS_ONLY,
    rooms=ROOMS,
    shirts=SHIRTS,
)
IMPROVISED = Repertoire(weights={IMPROVISING: 1.0}, persons_only=(), rooms=ROOMS, shirts=SHIRTS)
"""Of this the transformer has seen as much as of TRANSFORMERS in its second course."""


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
        """The actor is named first; where the motion has none, the one on the left."""
        swapped = self.mirrored and not has_actor(self.motion)
        return caption(self.motion, (self.kinds[1], self.kinds[0]) if swapped else self.kinds)


def has_actor(motion: str) -> bool:
    """Whether one of the two does it to the other."""
    return motion in RELATIONS and RELATIONS[motion].actor is not None


def caption(motion: str, kinds: tuple[str, str]) -> str:
    return CAPTIONS[motion].format(actor=kinds[0], partner=kinds[1])


def shoot(repertoire: Repertoire, seed: int, index: int, frames: int, height: int, width: int) -> Shot:
    """The `index`-th clip of a repertoire with this `seed`; any order of calls gives the same clips."""
    rng = np.random.default_rng([seed, index])
    names = list(repertoire.weights)
    weights = np.array(list(repertoire.weights.values()))
    motion = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    cast = ["person"] if motion in repertoire.persons_only else list(KINDS)
    first, second = (str(kind) for kind in rng.choice(cast, size=2))
    scene = draw_scene(
        motion, (first, second), rng, height, width, (0.66, 0.82), repertoire.rooms, shirts=repertoire.shirts
    )
    centre = rng.uniform(-0.25, 0.25)
    times = (np.arange(frames) - (frames - 1) / 2) / FRAMES_PER_SECOND + centre
    improvised = improvisation(rng) if motion == IMPROVISING else None
    return Shot(render(scene, times, improvised), motion, (first, second), scene.mirrored)
