"""A data set's own captions."""

import csv
from pathlib import Path

from dreamrelation.errors import UserError

COLUMNS = ["clip", "caption"]


def read_captions(path: Path) -> dict[str, str]:
    """Clip → caption, from a tab-separated file with a header.

    Raises UserError where there is no such file or it is not UTF-8, or naming the line that has other columns, no text
    or one that cannot be seen, or a clip for the second time.
    """
    if not path.is_file():
        raise UserError(f"{path} (data.captions): no such file")
    captions: dict[str, str] = {}
    for number, row in enumerate(_rows(path), 1):
        if number == 1:
            if row != COLUMNS:
                raise UserError(f"{path}, line 1: found the columns {row}, expected {COLUMNS}")
            continue
        if len(row) != len(COLUMNS) or not all(field.strip() for field in row):
            raise UserError(f"{path}, line {number}: found {row}, expected a clip and its caption")
        if not row[1].isprintable():
            raise UserError(f"{path}, line {number}: found {row[1]!r}, expected no characters that cannot be seen")
        if row[0] in captions:
            raise UserError(f"{path}, line {number}: found the clip {row[0]} twice")
        captions[row[0]] = row[1]
    return captions


def _rows(path: Path) -> list[list[str]]:
    """The fields of each line, the header's first; an empty file has an empty header."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)) or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} (data.captions): not tab-separated UTF-8 text: {error}") from None
