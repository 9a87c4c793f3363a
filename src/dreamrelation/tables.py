"""The Parquet files between the stages: their schemas, and reading and writing them.

Tensors are columns of the canonical `fixed_shape_tensor` extension type. A file's metadata carry a fingerprint of
what its content depends on; a reader that asks for another fingerprint refuses the file.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dreamrelation.files import appearing

FINGERPRINT = b"dreamrelation.fingerprint"
KIND = b"dreamrelation.table"

INDEX = pa.schema(
    [
        pa.field("clip", pa.string(), nullable=False),
        pa.field("relation", pa.string()),
        pa.field("video", pa.string()),
        pa.field("skeleton", pa.string()),
        pa.field("setup", pa.int32()),
        pa.field("camera", pa.int32()),
        pa.field("performer", pa.int32()),
        pa.field("repeat", pa.int32()),
        pa.field("action", pa.int32()),
        pa.field("video_frames", pa.int32()),
        pa.field("skeleton_frames", pa.int32()),
        pa.field("bodies", pa.int32()),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ],
    metadata={KIND: b"clips/index"},
)
"""Every file found, one row per clip; verdict is selected, spare (good, but not needed) or refused."""

SELECTION = pa.schema(
    [
        pa.field("clip", pa.string(), nullable=False),
        pa.field("relation", pa.string(), nullable=False),
        pa.field("caption", pa.string(), nullable=False),
        pa.field("video", pa.string(), nullable=False),
        pa.field("skeleton", pa.string(), nullable=False),
        pa.field("start_frame", pa.int32(), nullable=False),
        pa.field("pixel_frames", pa.int32(), nullable=False),
        pa.field("crop_left", pa.int32(), nullable=False),
        pa.field("crop_top", pa.int32(), nullable=False),
        pa.field("crop_width", pa.int32(), nullable=False),
        pa.field("crop_height", pa.int32(), nullable=False),
        pa.field("subject1_track", pa.int32(), nullable=False),
        pa.field("subject_rule", pa.string(), nullable=False),
        pa.field("window_rule", pa.string(), nullable=False),
    ],
    metadata={KIND: b"clips/selection"},
)
"""The clips that are used: the window in frames, the crop in source pixels, and who is subject 1."""

MASKS = pa.schema(
    [
        pa.field("clip", pa.string(), nullable=False),
        pa.field("frame", pa.int32(), nullable=False),
        pa.field("subject", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("counts", pa.binary(), nullable=False),
        pa.field("area_share", pa.float32(), nullable=False),
        pa.field("joints_inside_share", pa.float32()),
        pa.field("truth_iou", pa.float32()),
    ],
    metadata={KIND: b"masks"},
)
"""One row per clip, frame of the window (from 0) and subject (1, 2); counts is COCO's compressed run-length code."""

REJECTIONS = pa.schema(
    [
        pa.field("clip", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ],
    metadata={KIND: b"masks/rejections"},
)
"""Selected clips that have no masks, and why."""

TRUE_MASKS = pa.schema(
    [
        pa.field("clip", pa.string(), nullable=False),
        pa.field("frame", pa.int32(), nullable=False),
        pa.field("body", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("counts", pa.binary(), nullable=False),
    ],
    metadata={KIND: b"true_masks"},
)
"""True masks on the source video's pixels and frames; body counts the skeleton file's bodies from 0."""

VIDEOS = pa.schema(
    [
        pa.field("video", pa.string(), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("relation", pa.string(), nullable=False),
        pa.field("method", pa.string(), nullable=False),
        pa.field("prompt", pa.string(), nullable=False),
        pa.field("subject1", pa.string(), nullable=False),
        pa.field("subject2", pa.string(), nullable=False),
        pa.field("repeat", pa.int32(), nullable=False),
        pa.field("seed", pa.int64(), nullable=False),
        pa.field("pixel_frames", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("frames_per_second", pa.int32(), nullable=False),
        pa.field("sampling_steps", pa.int32(), nullable=False),
        pa.field("guidance_scale", pa.float32(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("adapters", pa.list_(pa.string()), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
    ],
    metadata={KIND: b"videos"},
)
"""Everything that made each generated clip; adapters are "name:sha256 of its file"."""

TRAINING = pa.schema(
    [
        pa.field("step", pa.int32(), nullable=False),
        pa.field("role", pa.string(), nullable=False),
        pa.field("clips", pa.list_(pa.string()), nullable=False),
        pa.field("loss", pa.float32(), nullable=False),
        pa.field("reconstruction", pa.float32(), nullable=False),
        pa.field("contrastive", pa.float32()),
        pa.field("learning_rate", pa.float32(), nullable=False),
        pa.field("gradient_norm", pa.float32(), nullable=False),
        pa.field("seconds", pa.float32(), nullable=False),
    ],
    metadata={KIND: b"training"},
)
"""One row per step; contrastive is null where the memory held no positive yet or the loss is off."""

SCORES = pa.schema(
    [
        pa.field("video", pa.string(), nullable=False),
        pa.field("prompt", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("detail", pa.string(), nullable=False),
    ],
    metadata={KIND: b"scores"},
)
"""One row per video and measure; value is null where the measure could not be taken, and detail says why."""


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
            pa.field("mean", latent, nullable=False),
            pa.field("log_variance", latent, nullable=False),
            pa.field("mask_subject1", mask, nullable=False),
            pa.field("mask_subject2", mask, nullable=False),
            pa.field("mask_relation", mask, nullable=False),
        ],
        metadata={KIND: b"latents"},
    )


def captions_schema(tokens: int, features: int) -> pa.Schema:
    """Prompt embeddings (L, D) and which of the L tokens count, (L,)."""
    return pa.schema(
        [
            pa.field("text", pa.string(), nullable=False),
            pa.field("embedding", tensor_type(pa.float16(), (tokens, features)), nullable=False),
            pa.field("attention_mask", tensor_type(pa.uint8(), (tokens,)), nullable=False),
        ],
        metadata={KIND: b"captions"},
    )


def fingerprint(**facts: Any) -> str:
    """A digest of JSON-able facts, the same whatever their order."""
    text = json.dumps(facts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(
    path: Path,
    schema: pa.Schema,
    rows: list[dict[str, Any]],
    fingerprint: str | None = None,
    rows_per_group: int | None = None,
) -> None:
    """Write rows as a Parquet file with this schema; tensors are given as numpy arrays. Appears atomically.

    Raises ValueError where a row's keys are not the schema's or a tensor's shape is another one.
    """
    for row in rows:
        if set(row) != set(schema.names):
            raise ValueError(f"{path}: found a row with {sorted(row)}, expected {sorted(schema.names)}")
    metadata = dict(schema.metadata or {})
    if fingerprint is not None:
        metadata[FINGERPRINT] = fingerprint.encode()
    columns = [_column(field, [row[field.name] for row in rows], path) for field in schema]
    table = pa.Table.from_arrays(columns, schema=schema.with_metadata(metadata))
    with appearing(path) as beside:
        pq.write_table(table, beside, compression="zstd", row_group_size=rows_per_group)


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


def read(path: Path, kind: pa.Schema | str, fingerprint: str | None = None) -> pa.Table:
    """Read a table that was written with the schema `kind` (or, for tensors, its name such as "latents").

    Raises FileNotFoundError, or ValueError where the file holds another table or carries another fingerprint.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file, expected a Parquet table")
    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}: not a Parquet file: {error}") from None
    metadata = table.schema.metadata or {}
    schema = None if isinstance(kind, str) else kind
    expected = str(kind).encode() if schema is None else (schema.metadata or {})[KIND]
    found = metadata.get(KIND, b"nothing of ours")
    if found != expected:
        raise ValueError(f"{path}: found a table of {found.decode()!r}, expected {expected.decode()!r}")
    if schema is not None and not table.schema.equals(schema):
        raise ValueError(f"{path}: found the columns {table.schema.names}, expected {schema.names} with their types")
    if fingerprint is not None and metadata.get(FINGERPRINT, b"").decode() != fingerprint:
        raise ValueError(
            f"{path}: found the fingerprint {metadata.get(FINGERPRINT, b'none').decode()}, expected {fingerprint}:"
            " it was made with other settings; delete it or run its stage again"
        )
    return table


def tensors(table: pa.Table, column: str) -> np.ndarray:
    """A tensor column as one array (rows, *shape)."""
    return table.column(column).combine_chunks().to_numpy_ndarray()
