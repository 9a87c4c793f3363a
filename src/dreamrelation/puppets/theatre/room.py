"""The room in which the puppets act: a papered wall, a skirting board and a boarded floor.

The paper and the boards give the autoencoder texture to hold on to: group norms lose the colour of flat areas.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from dreamrelation.puppets.theatre.figures import Colour


@dataclass(frozen=True)
class Room:
    """Colours are RGB 0–255."""

    wall: Colour
    paper: Colour
    floor: Colour
    pattern: str
    """"stripes", "dots" or "lattice"."""
    shift: float
    """Where the pattern starts, 0 to 1 of its period."""


ROOMS: tuple[tuple[Colour, Colour, Colour, str], ...] = (
    ((214, 206, 188), (196, 186, 164), (142, 104, 72), "stripes"),
    ((176, 198, 206), (156, 180, 190), (150, 118, 86), "dots"),
    ((190, 204, 176), (170, 186, 154), (128, 96, 70), "lattice"),
    ((216, 190, 180), (198, 168, 158), (118, 92, 78), "stripes"),
    ((188, 182, 204), (168, 162, 188), (138, 110, 88), "dots"),
)
"""The rooms that the small Mochi's transformer knows."""

EXEMPLAR_ROOMS: tuple[tuple[Colour, Colour, Colour, str], ...] = (
    ((124, 146, 206), (102, 124, 188), (86, 84, 96), "stripes"),
    ((232, 176, 108), (214, 154, 84), (120, 84, 56), "lattice"),
)
"""Rooms in which exemplars are shot and which the transformer has not seen: who draws one has it from an exemplar."""

OTHER_ROOMS: tuple[tuple[Colour, Colour, Colour, str], ...] = (
    ((206, 212, 150), (182, 190, 124), (96, 88, 84), "lattice"),
    ((150, 176, 170), (128, 154, 150), (168, 140, 104), "stripes"),
    ((222, 200, 214), (200, 176, 194), (110, 84, 62), "dots"),
)
"""Rooms from which the judge learns, beside the transformer's."""

HELD_OUT_ROOMS: tuple[tuple[Colour, Colour, Colour, str], ...] = (
    ((160, 160, 160), (136, 138, 142), (76, 72, 78), "dots"),
    ((236, 224, 160), (220, 206, 134), (144, 84, 60), "stripes"),
    ((206, 176, 226), (186, 152, 210), (104, 104, 112), "lattice"),
)
"""Rooms that nobody learns from: in them the judge is tested."""


def choose_room(rng: np.random.Generator, rooms: tuple = ROOMS) -> Room:
    wall, paper, floor, pattern = rooms[int(rng.integers(len(rooms)))]
    return Room(wall, paper, floor, pattern, float(rng.uniform()))


def paint_room(room: Room, height: int, width: int, horizon: float, scale: float) -> np.ndarray:
    """The empty stage, (height, width, 3) uint8.

    `horizon` is the pixel row where wall and floor meet, `scale` the pixels per body height.
    """
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = room.wall
    period = 0.22 * scale
    start = room.shift * period
    columns, rows = (
        np.arange(start - period, width + period, period),
        np.arange(start - period, horizon + period, period),
    )
    if room.pattern == "stripes":
        for x in columns:
            cv2.rectangle(picture, (round(x), 0), (round(x + 0.45 * period), height), room.paper, -1)
    elif room.pattern == "dots":
        for i, y in enumerate(rows):
            for x in columns:
                centre = (round(x + 0.5 * period * (i % 2)), round(y))
                cv2.circle(picture, centre, max(round(0.2 * period), 1), room.paper, -1, cv2.LINE_AA)
    else:
        for x in np.arange(start - 2 * height, width + 2 * height, 1.3 * period):
            for slope in (-1, 1):
                end = (round(x + slope * height), height)
                cv2.line(picture, (round(x), 0), end, room.paper, max(round(0.12 * period), 1), cv2.LINE_AA)
    edge = round(horizon)
    cv2.rectangle(picture, (0, edge), (width, height), room.floor, -1)
    board = tuple(int(0.85 * c) for c in room.floor)
    for k in range(1, 6):
        y = round(horizon + 0.06 * scale * k)
        cv2.line(picture, (0, y), (width, y), board, max(round(0.012 * scale), 1))
    skirting = tuple(int(0.5 * c + 110) for c in room.wall)
    cv2.rectangle(picture, (0, edge - max(round(0.045 * scale), 1)), (width, edge), skirting, -1)
    return picture
