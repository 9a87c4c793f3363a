"""The figure of subspace similarity: over r as means over blocks, and block by block at the largest r."""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dreamrelation.analysis.subspace_curves import PAIRS, Curve
from dreamrelation.figure_style import STYLE
from dreamrelation.files import appearing

COLOURS = {("query", "key"): "#b3423a", ("query", "value"): "#3a6ea5", ("key", "value"): "#5a8f5a"}


def draw(path: Path, curves: list[Curve], title: str) -> None:
    """Write the figure as SVG."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.0, 3.4), layout="constrained")
        over_ranks, over_blocks = figure.subplots(1, 2)
        ranks = np.arange(1, len(curves[0].similarity) + 1)
        for pair in PAIRS:
            of_pair = np.array([curve.similarity for curve in curves if (curve.first, curve.second) == pair])
            label = f"{pair[0]}–{pair[1]}"
            mean = of_pair.mean(axis=0)
            over_ranks.plot(ranks, mean, color=COLOURS[pair], label=label)
            low, high = np.quantile(of_pair, [0.1, 0.9], axis=0)
            over_ranks.fill_between(ranks, low, high, color=COLOURS[pair], alpha=0.15, linewidth=0)
            over_blocks.plot(np.arange(len(of_pair)), of_pair[:, -1], "o-", color=COLOURS[pair], markersize=3)
        chance = ranks / curves[0].dimensions
        over_ranks.plot(ranks, chance, color="grey", linestyle="--", linewidth=1, label="random subspaces")
        over_blocks.axhline(chance[-1], color="grey", linestyle="--", linewidth=1)
        over_ranks.set(xlabel="vectors r", ylabel="similarity", ylim=(0, None), title=title)
        over_blocks.xaxis.set_major_locator(MaxNLocator(integer=True))
        over_blocks.set(xlabel="block", ylim=(0, None), title=f"each block, r = {ranks[-1]}")
        over_ranks.legend(frameon=False)
        with appearing(path) as beside:
            figure.savefig(beside, format="svg", metadata={"Date": None})
