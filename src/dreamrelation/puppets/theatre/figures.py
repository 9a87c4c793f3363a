"""The eight kinds of figures: their colours, heads and ears, and how one is painted.

Painting goes through a `Brush`, which draws the same shape into the picture and into the figure's mask.
"""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from dreamrelation.puppets.theatre.poses import HEAD_RADIUS, Joints

SUBPIXEL_BITS = 4
"""OpenCV draws at 1/16 of a pixel."""

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Figure:
    """What a figure looks like. Colours are RGB 0–255."""

    kind: str
    body: Colour
    limbs: Colour
    head: Colour
    trousers: Colour
    muzzle: Colour
    ears: str
    ear_colour: Colour
    width: float = 1.0
    """Thickness of body and limbs relative to the usual one."""


# one line a figure, as the table that it is
KINDS: dict[str, Figure] = {
    figure.kind: figure
    for figure in (
        Figure("person", (60, 110, 200), (236, 188, 150), (236, 188, 150), (50, 55, 80), (236, 188, 150), "hair", (70, 45, 30)),
        Figure("dog", (176, 122, 70), (176, 122, 70), (190, 136, 82), (176, 122, 70), (240, 222, 196), "floppy", (98, 60, 32)),
        Figure("cat", (150, 152, 160), (150, 152, 160), (160, 162, 170), (150, 152, 160), (244, 244, 244), "pointed", (120, 120, 130)),
        Figure("bear", (98, 62, 38), (98, 62, 38), (110, 70, 44), (98, 62, 38), (190, 150, 110), "round", (84, 52, 32), 1.15),
        Figure("panda", (246, 246, 242), (34, 34, 38), (246, 246, 242), (34, 34, 38), (246, 246, 242), "round", (34, 34, 38), 1.15),
        Figure("fox", (226, 106, 32), (226, 106, 32), (232, 112, 38), (226, 106, 32), (250, 244, 236), "pointed", (226, 106, 32)),
        Figure("rabbit", (240, 226, 226), (240, 226, 226), (246, 234, 234), (240, 226, 226), (255, 250, 250), "long", (240, 170, 180)),
        Figure("frog", (82, 170, 62), (82, 170, 62), (94, 184, 72), (82, 170, 62), (190, 224, 140), "eyes", (94, 184, 72)),
    )
}  # fmt: skip

SHIRTS: tuple[Colour, ...] = (
    (60, 110, 200),
    (196, 60, 60),
    (228, 186, 60),
    (70, 150, 110),
    (140, 90, 170),
    (225, 225, 225),
)
EXEMPLAR_SHIRTS: tuple[Colour, ...] = ((206, 48, 140), (24, 168, 180))
"""Magenta and turquoise, which nobody wears in the transformer's training: who wears one has it from an exemplar."""
HELD_OUT_SHIRTS: tuple[Colour, ...] = ((120, 150, 60), (240, 140, 110), (90, 70, 130))
"""Worn only where the judge is tested."""
TROUSERS: tuple[Colour, ...] = ((50, 55, 80), (70, 60, 50), (40, 40, 44), (110, 100, 84))
HAIRS: tuple[Colour, ...] = ((70, 45, 30), (30, 26, 26), (180, 140, 70), (120, 60, 36))


def dressed(kind: str, rng: np.random.Generator, shirts: tuple[Colour, ...] = SHIRTS) -> Figure:
    """One individual of a kind: persons differ in clothes and hair, animals slightly in shade."""
    base = KINDS[kind]
    if kind == "person":
        return Figure(
            kind,
            _pick(shirts, rng),
            base.limbs,
            base.head,
            _pick(TROUSERS, rng),
            base.muzzle,
            base.ears,
            _pick(HAIRS, rng),
        )
    shade = rng.uniform(0.9, 1.08)
    tinted = {name: _shade(getattr(base, name), shade) for name in ("body", "limbs", "head", "trousers")}
    return Figure(kind, muzzle=base.muzzle, ears=base.ears, ear_colour=base.ear_colour, width=base.width, **tinted)


def _pick(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    return colours[int(rng.integers(len(colours)))]


def _shade(colour: Colour, factor: float) -> Colour:
    r, g, b = (int(np.clip(round(c * factor), 0, 255)) for c in colour)
    return r, g, b


@dataclass
class Brush:
    """Draws in body heights onto a picture (H, W, 3) uint8 and a mask (H, W) uint8 at once."""

    picture: np.ndarray
    mask: np.ndarray
    scale: float
    """Pixels per body height."""
    origin: np.ndarray
    """(2,) pixel position of world x = 0 on the floor, x right and y down."""

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """World (N, 2) to fixed-point pixel coordinates, int32."""
        xy = self.origin + self.scale * np.atleast_2d(points) * [1.0, -1.0]
        return np.round(xy * (1 << SUBPIXEL_BITS)).astype(np.int32)

    def circle(self, centre: np.ndarray, radius: float, colour: Colour) -> None:
        (x, y), r = self.pixels(centre)[0], round(radius * self.scale * (1 << SUBPIXEL_BITS))
        for canvas, ink in ((self.picture, colour), (self.mask, 255)):
            cv2.circle(canvas, (int(x), int(y)), int(r), ink, -1, cv2.LINE_AA, SUBPIXEL_BITS)

    def polygon(self, points: np.ndarray, colour: Colour) -> None:
        corners = self.pixels(points)
        for canvas, ink in ((self.picture, colour), (self.mask, 255)):
            cv2.fillPoly(canvas, [corners], ink, cv2.LINE_AA, SUBPIXEL_BITS)

    def limb(self, points: np.ndarray, width: float, colour: Colour) -> None:
        """A chain of capsules through `points`, (N, 2)."""
        for start, end in pairwise(points):
            across = end - start
            normal = np.array([-across[1], across[0]]) / max(float(np.hypot(*across)), 1e-6) * width / 2
            self.polygon(np.stack([start + normal, end + normal, end - normal, start - normal]), colour)
        for point in points:
            self.circle(point, width / 2, colour)


def _darker(colour: Colour) -> Colour:
    return _shade(colour, 0.78)


def paint(brush: Brush, figure: Figure, joints: Joints) -> None:
    """Paint one figure, far limbs first."""
    limb, leg = 0.075 * figure.width, 0.095 * figure.width
    forward = np.array([joints.facing, 0.0])
    brush.limb(joints.far_arm, limb, _darker(figure.limbs))
    for chain, colour in ((joints.far_leg, _darker(figure.trousers)), (joints.near_leg, figure.trousers)):
        brush.limb(chain, leg, colour)
        brush.limb(np.stack([chain[2], chain[2] + 0.07 * forward]), 0.07, _darker(figure.limbs))
    brush.limb(np.stack([joints.hip, joints.neck]), 0.19 * figure.width, figure.body)
    _paint_head(brush, figure, joints, forward)
    arm_colour = figure.limbs if figure.kind != "person" else figure.body
    brush.limb(joints.near_arm[:2], limb, _darker(arm_colour))
    brush.limb(joints.near_arm[1:], limb, figure.limbs)
    for chain in (joints.far_arm, joints.near_arm):
        brush.circle(chain[2], 0.05 * figure.width, figure.limbs)


def _paint_head(brush: Brush, figure: Figure, joints: Joints, forward: np.ndarray) -> None:
    head, up = joints.head, np.array([0.0, 1.0])
    r = HEAD_RADIUS
    if figure.ears == "pointed":
        for shift in (-0.6, 0.35):
            base = head + shift * r * forward + 0.6 * r * up
            tip = base + 0.95 * r * up
            brush.polygon(np.stack([base - 0.42 * r * forward, tip, base + 0.42 * r * forward]), figure.ear_colour)
    elif figure.ears == "round":
        for shift in (-0.72, 0.72):
            brush.circle(head + shift * r * forward + 0.75 * r * up, 0.42 * r, figure.ear_colour)
    elif figure.ears == "long":
        for shift in (-0.45, 0.2):
            base = head + shift * r * forward + 0.7 * r * up
            brush.limb(np.stack([base, base + 1.15 * r * up - 0.15 * r * forward]), 0.42 * r, figure.head)
            brush.limb(np.stack([base, base + 1.0 * r * up - 0.15 * r * forward]), 0.2 * r, figure.ear_colour)
    brush.circle(head, r, figure.head)
    if figure.ears == "hair":
        angles = np.linspace(0.15 * np.pi, 1.25 * np.pi, 12)
        arc = np.stack([np.cos(angles) * joints.facing, np.sin(angles)], axis=1)
        brush.polygon(head + 1.03 * r * arc, figure.ear_colour)
    elif figure.ears == "floppy":
        ear = head - 0.45 * r * forward + 0.5 * r * up
        brush.limb(np.stack([ear, ear - 0.85 * r * up - 0.15 * r * forward]), 0.5 * r, figure.ear_colour)
    elif figure.ears == "eyes":
        for shift in (-0.35, 0.45):
            brush.circle(head + shift * r * forward + 0.95 * r * up, 0.36 * r, figure.head)
            brush.circle(head + (shift + 0.08) * r * forward + 1.0 * r * up, 0.2 * r, (250, 250, 250))
    if figure.kind != "person":
        brush.circle(head + 0.62 * r * forward - 0.25 * r * up, 0.46 * r, figure.muzzle)
        brush.circle(head + 0.98 * r * forward - 0.15 * r * up, 0.16 * r, (30, 24, 24))
    if figure.kind == "panda":
        brush.circle(head + 0.35 * r * forward + 0.22 * r * up, 0.32 * r, (34, 34, 38))
    brush.circle(
        head + 0.4 * r * forward + 0.25 * r * up, 0.15 * r, (250, 250, 250) if figure.kind == "panda" else (20, 20, 24)
    )
