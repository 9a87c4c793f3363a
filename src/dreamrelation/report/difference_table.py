"""The table of the differences between any two methods, in the experiment's first metric that was compared."""

from dataclasses import dataclass

from dreamrelation.paper import method_label
from dreamrelation.report.comparison import Comparison, Difference
from dreamrelation.report.scores import Metric


@dataclass(frozen=True)
class DifferenceCell:
    """The row's method less the column's."""

    text: str
    interval: str
    """Such as "−1.2 to +3.0"."""
    is_apart: bool
    """Whether the interval lies on one side of 0."""


@dataclass(frozen=True)
class DifferenceTable:
    """Methods in rows and in columns."""

    metric: Metric
    columns: list[str]
    rows: list[tuple[str, list[DifferenceCell | None]]]
    """Method label and its cells; None where a method meets itself."""

    @property
    def unit(self) -> str:
        """What the numbers count; empty where it has no name."""
        return "percentage points" if self.metric.is_percent else self.metric.unit


def difference_table(comparison: Comparison, metrics: dict[str, Metric]) -> DifferenceTable | None:
    """None where no metric was compared, or there is a single method."""
    headline = next((name for name in metrics if name in comparison.differences), None)
    if headline is None:
        return None
    metric, differences, methods = metrics[headline], comparison.differences[headline], list(comparison.means)
    rows = [
        (method_label(method), [_cell(metric, differences.get((method, other))) for other in methods])
        for method in methods
    ]
    return DifferenceTable(metric, [method_label(method) for method in methods], rows)


def _cell(metric: Metric, found: Difference | None) -> DifferenceCell | None:
    if found is None:
        return None
    interval = f"{metric.difference_text(found.low)} to {metric.difference_text(found.high)}"
    return DifferenceCell(metric.difference_text(found.difference), interval, found.is_apart)
