"""Tables of plain rows: the Arrow schema follows from a dataclass, so that each column is named and typed once.

A file's metadata say which table it is; a reader refuses another one, other columns, and pages with flipped bits.
"""

import types
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq

from dreamrelation.errors import UserError
from dreamrelation.files import appearing, is_of_the_disk

KIND = b"dreamrelation.table"
ARROW_TYPES: dict[Any, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bytes: pa.binary(),
    bool: pa.bool_(),
    tuple[str, ...]: pa.list_(pa.string()),
    tuple[int, ...]: pa.list_(pa.int64()),
    tuple[float | None, ...]: pa.list_(pa.float64()),
    dict[str, float]: pa.map_(pa.string(), pa.float64()),
}


class Dataclass(Protocol):
    """Any frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Row = TypeVar("Row", bound=Dataclass)


@dataclass(frozen=True)
class Table(Generic[Row]):
    """One kind of Parquet file."""

    name: str
    """As in the file's metadata."""
    row: type[Row]
    """A frozen dataclass of str, int, float, bytes, bool, tuple[str, ...], tuple[int, ...], tuple[float | None, ...]
    and dict[str, float], each also `| None`."""

    @cached_property
    def schema(self) -> pa.Schema:
        hints = get_type_hints(self.row)
        columns = [_column_of(field.name, hints[field.name]) for field in fields(self.row)]
        return pa.schema(columns, metadata={KIND: self.name.encode()})

    def write(
        self,
        path: Path,
        rows: Iterable[Row],
        metadata: dict[str, str] | None = None,
        rows_per_group: int | None = None,
    ) -> None:
        """Write rows, and `metadata` under keys of ours; appears atomically."""
        content = [asdict(row) for row in rows]
        table = pa.Table.from_pylist(content, self.schema)
        store(path, table, metadata or {}, rows_per_group)

    def holds(self, path: Path) -> bool:
        """Whether a file is such a table; False for one that cannot be read at all."""
        try:
            metadata = pq.read_schema(path).metadata or {}
        except (pa.ArrowException, OSError):
            return False
        return metadata.get(KIND) == self.name.encode()

    def read(self, path: Path) -> list[Row]:
        """Raises UserError where the file is missing, broken, or another table."""
        return self.read_with_metadata(path)[0]

    def read_with_metadata(self, path: Path) -> tuple[list[Row], dict[str, str]]:
        """The rows, and what `write` was given as metadata."""
        table = load(path, self.name)
        if not table.schema.equals(self.schema):
            raise UserError(
                f"{path}: found the columns {table.schema.names}, expected {self.schema.names} with their types:"
                " it was written by another version; run its stage again"
            )
        return [self.row(**_python(row, self.schema)) for row in table.to_pylist()], metadata_of(table)


def _column_of(name: str, annotation: Any) -> pa.Field:
    optional = get_origin(annotation) in (Union, types.UnionType)
    if optional:
        (annotation,) = (part for part in get_args(annotation) if part is not types.NoneType)
    return pa.field(name, ARROW_TYPES[annotation], nullable=optional)


def _python(row: dict[str, Any], schema: pa.Schema) -> dict[str, Any]:
    """Arrow's lists are tuples here, and its maps, which it gives as lists of pairs, dictionaries."""
    return {name: _value(value, schema.field(name).type) for name, value in row.items()}


def _value(value: Any, kind: pa.DataType) -> Any:
    if not isinstance(value, list):
        return value
    return dict(value) if pa.types.is_map(kind) else tuple(value)


def store(path: Path, table: pa.Table, metadata: dict[str, str], rows_per_group: int | None) -> None:
    """Write a table with its metadata, compressed and with checksums; appears atomically."""
    ours = {f"dreamrelation.{key}".encode(): value.encode() for key, value in metadata.items()}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **ours})
    with appearing(path) as beside:
        pq.write_table(table, beside, compression="zstd", row_group_size=rows_per_group, write_page_checksum=True)


def load(path: Path, name: str) -> pa.Table:
    """The table of this name in a file. Raises UserError where the file is missing, broken, or another table."""
    if not path.is_file():
        raise UserError(f"{path}: no such file, expected a Parquet table")
    try:
        table = pq.read_table(path, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and is_of_the_disk(error):
            raise
        raise UserError(f"{path}: not a whole Parquet file: {error}; delete it and run its stage again") from None
    found = (table.schema.metadata or {}).get(KIND, b"nothing of ours")
    if found != name.encode():
        raise UserError(f"{path}: found a table of {found.decode(errors='replace')!r}, expected {name!r}")
    return table


def metadata_of(table: pa.Table) -> dict[str, str]:
    """What was given as metadata when the table was written."""
    prefix = b"dreamrelation."
    ours = {key: value for key, value in (table.schema.metadata or {}).items() if key.startswith(prefix)}
    return {key.removeprefix(prefix).decode(): value.decode() for key, value in ours.items() if key != KIND}
