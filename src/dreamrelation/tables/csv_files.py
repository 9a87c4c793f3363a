"""Writing a table as CSV."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from dreamrelation.files import appearing


def write_csv_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write the names of the columns, then the rows; None is left empty. Appears atomically."""
    with appearing(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
