"""Confusion matrices of metrics that are judges, and the tables that the page shows of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Confusion:
    """How often a judge took one class for another, of examples whose truth is known."""

    title: str
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    """A row for each truth, a column for each answer."""

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Confusion":
        """Raises ValueError unless the counts have a row and a column for each class."""
        classes = tuple(content["classes"])
        counts = tuple(tuple(row) for row in content["counts"])
        if [len(row) for row in counts] != [len(classes)] * len(classes):
            raise ValueError(f"{content['title']}: found counts that are not {len(classes)} × {len(classes)}")
        return cls(content["title"], classes, counts)


@dataclass(frozen=True)
class ConfusionCell:
    """How often one class was taken for one class."""

    count: int
    share: float
    """Of all examples of the true class, 0 to 1."""
    is_right: bool
    hint: str
    """The cell in words."""


@dataclass(frozen=True)
class ConfusionTable:
    """A confusion matrix as shown."""

    title: str
    columns: list[str]
    rows: list[tuple[str, list[ConfusionCell]]]


def confusion_tables(of_metrics: list[tuple[str, tuple[Confusion, ...]]]) -> list[tuple[str, list[ConfusionTable]]]:
    """From each metric's label and matrices: the labels of those with the same matrices, and the tables of these."""
    labels: dict[tuple[Confusion, ...], list[str]] = {}
    for label, confusions in of_metrics:
        if confusions:
            labels.setdefault(confusions, []).append(label)
    return [(", ".join(names), [_table(one) for one in confusions]) for confusions, names in labels.items()]


def _table(confusion: Confusion) -> ConfusionTable:
    names = [name.replace("_", " ") for name in confusion.classes]
    rows = [(name, _cells(truth, confusion.counts[truth], names)) for truth, name in enumerate(names)]
    return ConfusionTable(confusion.title, names, rows)


def _cells(truth: int, counts: tuple[int, ...], names: list[str]) -> list[ConfusionCell]:
    total = sum(counts)
    return [
        ConfusionCell(
            count=count,
            share=count / total if total else 0.0,
            is_right=answer == truth,
            hint=f"{names[truth]}, taken for {names[answer]}: {count} of {total}",
        )
        for answer, count in enumerate(counts)
    ]
