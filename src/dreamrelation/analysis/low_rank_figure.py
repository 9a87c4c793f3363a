"""The figure of low-rank changes: norm and effective rank of each adapter, block by block."""

from collections import defaultdict
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dreamrelation.analysis.low_rank import LayerChange
from dreamrelation.figure_style import STYLE
from dreamrelation.files import appearing


def draw(path: Path, changes: list[LayerChange], title: str) -> None:
    """Write the figure as SVG: a column for each adapter, a line for each projection.

    Of a block's layers of one projection the norm is that of all together, the effective rank their mean.
    """
    by_adapter: dict[str, list[LayerChange]] = defaultdict(list)
    for change in changes:
        by_adapter[change.adapter].append(change)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(3.0 * len(by_adapter), 4.6), layout="constrained")
        axes = figure.subplots(2, len(by_adapter), sharex=True, sharey="row", squeeze=False)
        for (norms, ranks), (adapter, own) in zip(axes.T, by_adapter.items(), strict=True):
            blocks = {block: number for number, block in enumerate(dict.fromkeys(change.block for change in own))}
            for projection in dict.fromkeys(change.projection for change in own):
                layers: dict[int, list[LayerChange]] = defaultdict(list)
                for change in own:
                    if change.projection == projection:
                        layers[blocks[change.block]].append(change)
                places = list(layers)
                squares = [sum(layer.norm**2 for layer in some) for some in layers.values()]
                norms.plot(places, np.sqrt(squares), "o-", markersize=3, label=projection.replace("_", " "))
                means = [np.mean([layer.effective_rank for layer in some]) for some in layers.values()]
                ranks.plot(places, means, "o-", markersize=3)
            norms.set(title=adapter, ylim=(0, None))
            norms.legend(frameon=False)
            ranks.axhline(own[0].rank, color="grey", linestyle="--", linewidth=1)
            ranks.set(xlabel="block", ylim=(0, None))
            ranks.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes[0, 0].set(ylabel="norm of the change")
        axes[1, 0].set(ylabel="effective rank")
        figure.suptitle(title)
        with appearing(path) as beside:
            figure.savefig(beside, format="svg", metadata={"Date": None})
