"""The learned stage: size and effective rank of what a method changed, layer by layer."""

from dataclasses import astuple, fields
from pathlib import Path

from dreamrelation.analysis.low_rank import LayerChange, changes_of
from dreamrelation.analysis.low_rank_figure import draw
from dreamrelation.methods.files import check_manifest
from dreamrelation.settings.analysis_stages import LearnedStage
from dreamrelation.tables.csv_files import write_csv_rows

COLUMNS = tuple(field.name for field in fields(LayerChange))
DIGITS = 6


def run(
    *,
    settings: LearnedStage,
    relation: str,
    method: str,
    adapters: Path,
    adapters_manifest: Path,
    table: Path,
    figure: Path,
) -> None:
    """Write a row for each layer of each adapter, and the figure.

    Raises UserError where a file is missing, another one than was trained, or holds no low-rank changes.
    """
    names = sorted(name for name in check_manifest(adapters_manifest, adapters) if name.endswith(".safetensors"))
    changes = [change for name in names for change in changes_of(adapters / name, settings.model.spec)]
    rows = ([round(v, DIGITS) if isinstance(v, float) else v for v in astuple(change)] for change in changes)
    write_csv_rows(table, COLUMNS, rows)
    draw(figure, changes, f"{method}, {relation}")
