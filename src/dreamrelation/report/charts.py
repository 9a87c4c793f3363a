"""Charts as SVG inside the page, so that their colours follow its light and dark theme; and the headline's chart."""

import io
import re
from dataclasses import dataclass
from typing import Any

import matplotlib
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dreamrelation.report.scores import MeanScore, Metric

# Matplotlib writes these colours into the SVG; the page's variables then take their place.
INK, MUTED, LINE, ACCENT = "#010101", "#020202", "#030303", "#040404"
RELATION, SUBJECT1, SUBJECT2 = "#050505", "#060606", "#070707"
VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    LINE: "--line",
    ACCENT: "--accent",
    RELATION: "--relation",
    SUBJECT1: "--subject1",
    SUBJECT2: "--subject2",
}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "dreamrelation",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.grid": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
}


@dataclass(frozen=True)
class HeadlineRow:
    """One method in the chart of the experiment's first metric."""

    label: str
    overall: MeanScore
    relations: list[MeanScore]


def headline_chart(metric: Metric, rows: list[HeadlineRow], title: str) -> Markup:
    """Each method's mean with its interval, and the single relations as faint dots."""
    height = 0.55 * len(rows) + 0.75
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.4, height))
        axes = figure.subplots()
        for place, row in enumerate(rows):
            _draw_row(axes, metric, place, row)
        axes.set_yticks(range(len(rows)), [row.label for row in rows], color=INK, size=11)
        _scale(axes, metric)
        axes.set_ylim(len(rows) - 0.5, -0.75)
        axes.grid(visible=False, axis="y")
        axes.tick_params(length=0)
        axes.spines["bottom"].set_visible(False)
        widest = max(len(row.label) for row in rows)
        figure.subplots_adjust(left=min(0.02 + 0.0125 * widest, 0.4), right=0.985, top=0.99, bottom=0.32 / height)
        return inline_svg(figure, title)


def _draw_row(axes: Axes, metric: Metric, place: int, row: HeadlineRow) -> None:
    singles = [score.mean for score in row.relations if score.mean is not None]
    axes.plot(singles, [place] * len(singles), "o", color=MUTED, alpha=0.45, markersize=5, markeredgewidth=0)
    mean, low, high = row.overall.mean, row.overall.low, row.overall.high
    if mean is None:
        axes.text(0.02, place, "not measured", color=MUTED, va="center", transform=axes.get_yaxis_transform())
        return
    if low is not None and high is not None:
        axes.plot([low, high], [place] * 2, color=ACCENT, linewidth=5, alpha=0.35, solid_capstyle="round")
    axes.plot([mean], [place], "o", color=ACCENT, markersize=10, markeredgewidth=0)
    text, above = metric.text(mean), (0, 8)
    axes.annotate(text, (mean, place), above, textcoords="offset points", ha="center", weight="bold")


def _scale(axes: Axes, metric: Metric) -> None:
    """Percent from 0 to 100; of others, what their values need."""
    if metric.is_percent:
        ticks = [tick / 5 for tick in range(6)]
        axes.set_xticks(ticks, [f"{100 * tick:.0f}%" for tick in ticks])
        axes.set_xlim(-0.02, 1.02)
    else:
        axes.margins(x=0.08)
        axes.xaxis.set_major_formatter(lambda value, _: metric.text(value))


def inline_svg(figure: Figure, title: str) -> Markup:
    """The figure as an `<svg>` element without fixed size, font, metadata or outside addresses."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text)
    text = re.sub(r' (width|height)="[\d.]+pt"', "", text, count=2)
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)
    text = re.sub(r"\bfont: ([^;\"]*px) [^;\"]*", r"font-size: \1", text)
    # What is left of ids names shapes by their content, so that two charts of one page may share them.
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = re.sub(r' d="[^"]*"', _rounded, text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    return Markup(text.replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1))


def _rounded(path: re.Match[str]) -> str:
    """A path with one decimal, which is finer than a screen shows: a page has many charts."""
    return re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.1f}", path[0]).replace("\n", " ")
