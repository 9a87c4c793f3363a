"""Loss curves: what was measured in each step, faintly, and its moving mean."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from dreamrelation.report.charts import ACCENT, MUTED, RELATION, STYLE, SUBJECT1, SUBJECT2, inline_svg
from dreamrelation.roles import ROLES

COLOURS = {"relation": RELATION, "subject1": SUBJECT1, "subject2": SUBJECT2}
DRAWN_POINTS = 300
"""More points than this are thinned out: they would not be seen, and a page shows many curves."""


@dataclass(frozen=True)
class Curve:
    """A loss over the steps in which it was taken, both (N,)."""

    steps: np.ndarray
    losses: np.ndarray
    colour: str
    label: str | None = None


def reconstruction_chart(training: dict[str, list[Any]], title: str) -> Markup:
    """The reconstruction loss over all steps, whatever role was drawn."""
    return _chart([_curve(training["step"], training["reconstruction"], ACCENT)], title)


def contrast_chart(training: dict[str, list[Any]], title: str) -> Markup | None:
    """The contrastive loss over the steps in which there was one; None where there was none at all."""
    known = [pair for pair in zip(training["step"], training["contrastive"], strict=True) if pair[1] is not None]
    if not known:
        return None
    steps, losses = zip(*known, strict=True)
    return _chart([_curve(steps, losses, ACCENT)], title)


def roles_chart(training: dict[str, list[Any]], title: str) -> Markup | None:
    """The reconstruction loss of each role that was drawn; None where the method draws no roles."""
    drawn = set(training["role"])
    if len(drawn) < 2:
        return None
    curves = []
    for role in [role for role in ROLES if role in drawn] + sorted(drawn - set(ROLES)):
        rows = [number for number, name in enumerate(training["role"]) if name == role]
        steps, losses = ([training[column][row] for row in rows] for column in ("step", "reconstruction"))
        curves.append(_curve(steps, losses, COLOURS.get(role, MUTED), role.replace("subject", "subject ")))
    return _chart(curves, title)


def smoothed(values: np.ndarray) -> np.ndarray:
    """Centred moving mean (N,) → (N,) over a tenth of the curve; windows shrink at the ends."""
    half = max(len(values) // 20, 1)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    first, last = np.maximum(places - half, 0), np.minimum(places + half + 1, len(values))
    return (sums[last] - sums[first]) / (last - first)


def _curve(steps: Sequence[int], losses: Sequence[float], colour: str, label: str | None = None) -> Curve:
    return Curve(np.array(steps), np.array(losses, np.float64), colour, label)


def _chart(curves: list[Curve], title: str) -> Markup:
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 2.4))
        axes = figure.subplots()
        for curve in curves:
            thin = slice(None, None, math.ceil(len(curve.steps) / DRAWN_POINTS))
            axes.plot(curve.steps[thin], curve.losses[thin], color=curve.colour, alpha=0.22, linewidth=0.8)
            mean = smoothed(curve.losses)[thin]
            axes.plot(curve.steps[thin], mean, color=curve.colour, linewidth=2, label=curve.label)
        # Single steps with much noise would flatten the rest: the highest fiftieth may leave the picture.
        top = max(float(np.quantile(curve.losses, 0.98)) for curve in curves)
        axes.set_ylim(0, 1.2 * top if top > 0 else 1)
        axes.set_xlabel("step")
        axes.tick_params(length=0)
        axes.grid(visible=False, axis="x")
        if len(curves) > 1:
            axes.legend(frameon=False, fontsize=9, loc="upper right", ncols=len(curves), handlelength=1.2, borderpad=0)
        figure.subplots_adjust(left=0.13, right=0.98, top=0.96, bottom=0.2)
        return inline_svg(figure, title)
