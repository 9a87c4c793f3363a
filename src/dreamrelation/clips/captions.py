"""A data set's own captions."""

import csv
from pathlib import Path

COLUMNS = ["clip", "caption"]


def read_captions(path: Path) -> dict[str, str]:
    """Clip → caption, from a tab-separated file with a header. Raises FileNotFoundError, or ValueError naming the line
    that has other columns, no text, or a clip for the second time."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} (data.captions): no such file")
    captions: dict[str, str] = {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        header = next(rows, [])
        if header != COLUMNS:
            raise ValueError(f"{path}, line 1: found the columns {header}, expected {COLUMNS}")
        for number, row in enumerate(rows, 2):
            if len(row) != len(COLUMNS) or not all(field.strip() for field in row):
                raise ValueError(f"{path}, line {number}: found {row}, expected a clip and its caption")
            if row[0] in captions:
                raise ValueError(f"{path}, line {number}: found the clip {row[0]} twice")
            captions[row[0]] = row[1]
    return captions
