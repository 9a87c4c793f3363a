"""The figure of a tally: each method's share of the votes, question by question, and its strength."""

from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dreamrelation.figure_style import STYLE
from dreamrelation.files import appearing
from dreamrelation.paper import method_label
from dreamrelation.tables.tally import Estimate, Tally


def draw(path: Path, tally: Tally) -> None:
    """Write it as SVG; the same tally gives the same bytes."""
    methods = [found.method for found in tally.questions[0].methods]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(3.2 * len(tally.questions), 1.4 + 0.7 * len(methods)), layout="constrained")
        axes = figure.subplots(2, len(tally.questions), sharey=True, sharex="row", squeeze=False)
        for (shares, strengths), question in zip(axes.T, tally.questions, strict=True):
            _draw_estimates(shares, [found.votes for found in question.methods], scale=100)
            shares.axvline(100 / len(methods), color="grey", linestyle="--", linewidth=1)
            shares.set(title=question.label, xlabel="share of the votes, %", xlim=(0, 100))
            _draw_estimates(strengths, [found.strength for found in question.methods])
            strengths.axvline(0, color="grey", linestyle="--", linewidth=1)
            strengths.set(xlabel="strength (Bradley–Terry)")
        for row in axes:
            row[0].set_yticks(range(len(methods)), [method_label(method) for method in methods])
        axes[0, 0].set_ylim(len(methods) - 0.5, -0.5)
        with appearing(path) as beside:
            figure.savefig(beside, format="svg", metadata={"Date": None})


def _draw_estimates(axes: Axes, estimates: list[Estimate], scale: float = 1.0) -> None:
    """A point with its interval for each method, one below the other."""
    for place, found in enumerate(estimates):
        axes.plot([scale * found.low, scale * found.high], [place, place], color="C0", linewidth=2, alpha=0.6)
        axes.plot([scale * found.value], [place], "o", color="C0", markersize=5)
