"""Parquet files: schemas, tensors, fingerprints, atomic writing."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dreamrelation import tables

GRID = (4, 2, 3)


def latent_row(number: int) -> dict:
    rng = np.random.default_rng(number)
    return {
        "clip": f"clip{number}",
        "caption": "A person is hugging a person.",
        "mean": rng.normal(size=(12, *GRID)).astype(np.float16),
        "log_variance": rng.normal(size=(12, *GRID)).astype(np.float16),
        **{f"mask_{role}": rng.uniform(size=GRID).astype(np.float16) for role in ("subject1", "subject2", "relation")},
    }


def test_tensors_come_back_bit_for_bit_in_the_canonical_type(tmp_path: Path) -> None:
    rows = [latent_row(n) for n in range(3)]
    path = tmp_path / "latents.parquet"
    tables.write(path, tables.latents_schema(12, GRID), rows, fingerprint="abc", rows_per_group=1)
    table = tables.read(path, "latents", fingerprint="abc")
    assert isinstance(table.schema.field("mean").type, pa.FixedShapeTensorType)
    assert np.array_equal(tables.tensors(table, "mean"), np.stack([row["mean"] for row in rows]))
    assert pq.ParquetFile(path).num_row_groups == 3


def test_another_fingerprint_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "latents.parquet"
    tables.write(path, tables.latents_schema(12, GRID), [latent_row(0)], fingerprint="abc")
    with pytest.raises(ValueError, match=r"latents.parquet: found the fingerprint abc, expected other"):
        tables.read(path, "latents", fingerprint="other")


def test_another_table_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    tables.write(path, tables.latents_schema(12, GRID), [latent_row(0)])
    with pytest.raises(ValueError, match="found a table of 'latents', expected 'masks'"):
        tables.read(path, tables.MASKS)
    foreign = tmp_path / "foreign.parquet"
    pq.write_table(pa.table({"a": [1]}), foreign)
    with pytest.raises(ValueError, match="foreign.parquet"):
        tables.read(foreign, tables.MASKS)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="broken.parquet: not a Parquet file"):
        tables.read(broken, tables.MASKS)
    with pytest.raises(FileNotFoundError, match="none.parquet"):
        tables.read(tmp_path / "none.parquet", tables.MASKS)


def test_rows_that_do_not_fit_leave_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "latents.parquet"
    row = latent_row(0)
    row["mean"] = row["mean"][:, :2]
    with pytest.raises(ValueError, match=r"column mean found a tensor \(12, 2, 2, 3\), expected \(12, 4, 2, 3\)"):
        tables.write(path, tables.latents_schema(12, GRID), [row])
    del row["mean"]
    with pytest.raises(ValueError, match="latents.parquet: found a row with"):
        tables.write(path, tables.latents_schema(12, GRID), [row])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "schema",
    [tables.INDEX, tables.SELECTION, tables.MASKS, tables.REJECTIONS, tables.TRUE_MASKS, tables.VIDEOS,
     tables.TRAINING, tables.SCORES],
)  # fmt: skip
def test_every_schema_is_read_back_as_itself_even_when_empty(schema: pa.Schema, tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    tables.write(path, schema, [])
    assert tables.read(path, schema).num_rows == 0


def test_fingerprints_do_not_depend_on_order() -> None:
    assert tables.fingerprint(a=1, b=[2]) == tables.fingerprint(b=[2], a=1)
    assert tables.fingerprint(a=1) != tables.fingerprint(a=2)
