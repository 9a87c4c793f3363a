"""Tables with tensors: columns of Arrow's canonical `fixed_shape_tensor`, one row group per row.

Their metadata carry the fingerprint of what the content depends on; a reader refuses another one.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dreamrelation.errors import UserError
from dreamrelation.roles import ROLES
from dreamrelation.tables.table import KIND, load, metadata_of, store

LATENTS, TEXTS = "latents", "texts"
FINGERPRINT = "fingerprint"
POOLED = "pooled"
"""A column that only the texts of some models have."""


def tensor_type(dtype: pa.DataType, shape: Iterable[int]) -> pa.ExtensionType:
    """Arrow's canonical type of equally shaped tensors."""
    return pa.fixed_shape_tensor(dtype, tuple(shape))


def latents_schema(channels: int, grid: tuple[int, int, int]) -> pa.Schema:
    """Cached latents of clips of one length: (C, f, h, w) mean and log-variance, (f, h, w) masks in [0, 1]."""
    latent, mask = tensor_type(pa.float16(), (channels, *grid)), tensor_type(pa.float16(), grid)
    return pa.schema(
        [
            pa.field("clip", pa.string(), nullable=False),
            pa.field("caption", pa.string(), nullable=False),
            pa.field("split", pa.string(), nullable=False),
            pa.field("mean", latent, nullable=False),
            pa.field("log_variance", latent, nullable=False),
            *(pa.field(f"mask_{role}", mask, nullable=False) for role in ROLES),
        ],
        metadata={KIND: LATENTS.encode()},
    )


def texts_schema(tokens: int, features: int, pooled: int = 0) -> pa.Schema:
    """Text embeddings (L, D), which of the L tokens count, (L,), and where P is not 0 a feature (P,) of each text."""
    fields = [
        pa.field("text", pa.string(), nullable=False),
        pa.field("embedding", tensor_type(pa.float16(), (tokens, features)), nullable=False),
        pa.field("attention_mask", tensor_type(pa.uint8(), (tokens,)), nullable=False),
    ]
    if pooled:
        fields.append(pa.field(POOLED, tensor_type(pa.float16(), (pooled,)), nullable=False))
    return pa.schema(fields, metadata={KIND: TEXTS.encode()})


def write_tensors(path: Path, schema: pa.Schema, rows: list[dict[str, Any]], fingerprint: str) -> None:
    """Write rows whose tensors are numpy arrays; appears atomically.

    Raises ValueError where a row's keys are not the schema's or a tensor's shape is another one.
    """
    for row in rows:
        if set(row) != set(schema.names):
            raise ValueError(f"{path}: found a row with {sorted(row)}, expected {sorted(schema.names)}")
    columns = [_column(field, [row[field.name] for row in rows], path) for field in schema]
    store(path, pa.Table.from_arrays(columns, schema=schema), {FINGERPRINT: fingerprint}, rows_per_group=1)


def _column(field: pa.Field, values: list[Any], path: Path) -> pa.Array:
    if not isinstance(field.type, pa.FixedShapeTensorType):
        return pa.array(values, type=field.type)
    shape = tuple(field.type.shape)
    for value in values:
        if tuple(value.shape) != shape:
            raise ValueError(f"{path}: column {field.name} found a tensor {tuple(value.shape)}, expected {shape}")
    if not values:
        return pa.ExtensionArray.from_storage(field.type, pa.array([], type=field.type.storage_type))
    stacked = np.ascontiguousarray(np.stack(values)).astype(field.type.value_type.to_pandas_dtype())
    flat = pa.array(stacked.reshape(-1), type=field.type.value_type)
    storage = pa.FixedSizeListArray.from_arrays(flat, int(np.prod(shape)))
    return pa.ExtensionArray.from_storage(field.type, storage)


def read_tensors(path: Path, name: str, fingerprint: str) -> pa.Table:
    """The table LATENTS or TEXTS of a file.

    Raises UserError where the file is missing, broken, another table, or was made with another model or settings.
    """
    table = load(path, name)
    found = metadata_of(table).get(FINGERPRINT, "none")
    if found != fingerprint:
        raise UserError(
            f"{path}: found the fingerprint {found}, expected {fingerprint}: it was made with another model or other"
            " settings; delete it or run its stage again"
        )
    return table


def tensors(table: pa.Table, column: str) -> np.ndarray:
    """A tensor column as one array (rows, *shape)."""
    return table.column(column).combine_chunks().to_numpy_ndarray()
