"""Loss curves: what was measured in each step, faintly, and its moving mean."""

import math
from dataclasses import dataclass

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from dreamrelation.report.charts import ACCENT, MUTED, RELATION, STYLE, SUBJECT1, SUBJECT2, inline_svg
from dreamrelation.roles import ROLES
from dreamrelation.tables.rows import TrainingStep

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


def loss_charts(training: list[TrainingStep], method: str) -> list[tuple[str, Markup]]:
    """Title and chart of each term of the loss, and of the first term once more by role, where there are roles.

    Of a loss without terms, the whole loss. `method` is its label, for those who cannot see the charts.
    """
    charts = []
    for number, (term, losses) in enumerate(terms_of(training).items()):
        title = term.replace("_", " ").capitalize()
        charts.append((title, _chart([_curve(losses, ACCENT)], f"{method}: {term.replace('_', ' ')} by step")))
        roles = by_role(training, losses) if number == 0 else {}
        if len(roles) > 1:
            curves = [_curve(of_it, COLOURS.get(role, MUTED), _spoken(role)) for role, of_it in roles.items()]
            charts.append((f"{title} by role", _chart(curves, f"{method}: {term.replace('_', ' ')} by role and step")))
    levels = held_out_by_level(training)
    if levels:
        shades = matplotlib.colormaps["viridis"](np.linspace(0, 0.85, len(levels)))
        curves = [
            _curve(losses, to_hex(shade), f"σ {level}")
            for shade, (level, losses) in zip(shades, levels.items(), strict=True)
        ]
        charts.append(("Held-out clips by noise level", _chart(curves, f"{method}: loss of held-out clips by step")))
    return charts


def held_out_by_level(training: list[TrainingStep]) -> dict[str, dict[int, float]]:
    """Noise level → step → loss of the clips from which nothing is learnt; empty where they were never looked at."""
    levels: dict[str, dict[int, float]] = {}
    for row in training:
        for level, loss in row.held_out.items():
            levels.setdefault(level, {})[row.step] = loss
    return levels


def terms_of(training: list[TrainingStep]) -> dict[str, dict[int, float]]:
    """Each term of the loss, in the order in which they appear, over the steps in which it was taken: step → loss."""
    terms: dict[str, dict[int, float]] = {}
    for row in training:
        for name, loss in row.terms.items():
            terms.setdefault(name, {})[row.step] = loss
    return terms or {"loss": {row.step: row.loss for row in training}}


def by_role(training: list[TrainingStep], losses: dict[int, float]) -> dict[str, dict[int, float]]:
    """The same losses apart by what the step was about, in the usual order of roles."""
    roles: dict[str, dict[int, float]] = {}
    for row in training:
        if row.step in losses:
            roles.setdefault(row.role, {})[row.step] = losses[row.step]
    known = [role for role in ROLES if role in roles]
    return {role: roles[role] for role in [*known, *sorted(set(roles) - set(ROLES))]}


def smoothed(values: np.ndarray) -> np.ndarray:
    """Centred moving mean (N,) → (N,) over a tenth of the curve; windows shrink at the ends."""
    half = max(len(values) // 20, 1)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    first, last = np.maximum(places - half, 0), np.minimum(places + half + 1, len(values))
    return (sums[last] - sums[first]) / (last - first)


def _spoken(role: str) -> str:
    """Such as "subject 1"."""
    return role.replace("subject", "subject ").replace("_", " ")


def _curve(losses: dict[int, float], colour: str, label: str | None = None) -> Curve:
    return Curve(np.array(list(losses)), np.array(list(losses.values()), np.float64), colour, label)


def _chart(curves: list[Curve], title: str) -> Markup:
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 2.4))
        axes = figure.subplots()
        for curve in curves:
            thin = slice(None, None, math.ceil(len(curve.steps) / DRAWN_POINTS))
            axes.plot(curve.steps[thin], curve.losses[thin], color=curve.colour, alpha=0.22, linewidth=0.8)
            mean = smoothed(curve.losses)[thin]
            axes.plot(curve.steps[thin], mean, color=curve.colour, linewidth=2, label=curve.label)
        axes.set_ylim(*_limits(curves))
        axes.set_xlabel("step")
        axes.tick_params(length=0)
        axes.grid(visible=False, axis="x")
        if len(curves) > 1:
            axes.legend(frameon=False, fontsize=9, loc="upper right", ncols=len(curves), handlelength=1.2, borderpad=0)
        figure.subplots_adjust(left=0.13, right=0.98, top=0.96, bottom=0.2)
        return inline_svg(figure, title)


def _limits(curves: list[Curve]) -> tuple[float, float]:
    """From 0 on, or from below it. Single steps with much noise would flatten the rest: a fiftieth may leave the
    picture at either end."""
    top = max(float(np.quantile(curve.losses, 0.98)) for curve in curves)
    bottom = min(float(np.quantile(curve.losses, 0.02)) for curve in curves)
    low, high = min(1.2 * bottom, 0.0), max(1.2 * top, 0.0)
    return low, high if high > low else low + 1
