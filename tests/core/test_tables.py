"""Parquet files: rows that come back as they were, tensors, fingerprints, and files that are something else."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dreamrelation.errors import UserError
from dreamrelation.files import fingerprint
from dreamrelation.tables import rows
from dreamrelation.tables.table import Table
from dreamrelation.tables.tensors import LATENTS, latents_schema, read_tensors, tensors, write_tensors
from dreamrelation.tables.texts import latex_text, markdown_cell

GRID = (4, 2, 3)
TABLES = [table for table in vars(rows).values() if isinstance(table, Table)]


@dataclass(frozen=True)
class Everything:
    """One field of each type."""

    text: str
    number: int
    share: float
    content: bytes
    names: tuple[str, ...]
    terms: dict[str, float]
    maybe: float | None
    seen: bool


EVERYTHING = Table("everything", Everything)
ROWS = [
    Everything("a", 2**62, 0.1, b"\0x", ("x", "y"), {"b": 1.5, "a": 2.5}, None, True),
    Everything("ü", -1, float("inf"), b"", (), {}, 0.5, False),
]


def latent_row(number: int) -> dict:
    rng = np.random.default_rng(number)
    return {
        "clip": f"clip{number}",
        "caption": "A person is hugging a person.",
        "split": "train",
        "mean": rng.normal(size=(12, *GRID)).astype(np.float16),
        "log_variance": rng.normal(size=(12, *GRID)).astype(np.float16),
        **{f"mask_{role}": rng.uniform(size=GRID).astype(np.float16) for role in ("subject1", "subject2", "relation")},
    }


def test_rows_come_back_as_they_were_with_their_metadata(tmp_path: Path) -> None:
    EVERYTHING.write(tmp_path / "t.parquet", ROWS, {"metric": "{}"})
    found, metadata = EVERYTHING.read_with_metadata(tmp_path / "t.parquet")
    assert found == ROWS
    assert metadata == {"metric": "{}"}
    assert [field.nullable for field in EVERYTHING.schema] == [False] * 6 + [True, False]


def test_a_missing_value_cannot_be_written_where_one_must_be(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="text"):
        EVERYTHING.write(tmp_path / "t.parquet", [Everything(None, 1, 1.0, b"", (), {}, None, True)])  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_is_read_back_as_itself_even_when_empty(table: Table, tmp_path: Path) -> None:
    table.write(tmp_path / "table.parquet", [])
    assert table.read(tmp_path / "table.parquet") == []


def test_names_of_tables_differ() -> None:
    assert len(TABLES) == 10 and len({table.name for table in TABLES}) == len(TABLES)


def test_tensors_come_back_bit_for_bit_in_the_canonical_type(tmp_path: Path) -> None:
    stored = [latent_row(n) for n in range(3)]
    path = tmp_path / "latents.parquet"
    write_tensors(path, latents_schema(12, GRID), stored, "abc")
    table = read_tensors(path, LATENTS, "abc")
    assert isinstance(table.schema.field("mean").type, pa.FixedShapeTensorType)
    assert np.array_equal(tensors(table, "mean"), np.stack([row["mean"] for row in stored]))
    assert pq.ParquetFile(path).num_row_groups == 3
    with pytest.raises(UserError, match=r"latents.parquet: found the fingerprint abc, expected other"):
        read_tensors(path, LATENTS, "other")


def test_another_table_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    write_tensors(path, latents_schema(12, GRID), [latent_row(0)], "abc")
    with pytest.raises(UserError, match="found a table of 'latents', expected 'masks'"):
        rows.MASKS.read(path)
    foreign = tmp_path / "foreign.parquet"
    pq.write_table(pa.table({"a": [1]}), foreign)
    with pytest.raises(UserError, match="foreign.parquet"):
        rows.MASKS.read(foreign)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"nonsense")
    with pytest.raises(UserError, match="broken.parquet: not a whole Parquet file"):
        rows.MASKS.read(broken)
    with pytest.raises(UserError, match="none.parquet: no such file"):
        rows.MASKS.read(tmp_path / "none.parquet")


def test_a_flipped_bit_in_the_data_is_never_read_as_other_data(tmp_path: Path) -> None:
    """Headers of pages hold statistics beside the data, whose flips are harmless."""
    path = tmp_path / "latents.parquet"
    write_tensors(path, latents_schema(12, GRID), [latent_row(n) for n in range(3)], "abc")
    whole, before = path.read_bytes(), tensors(read_tensors(path, LATENTS, "abc"), "mean")
    of_mean = pq.read_schema(path).names.index("mean")
    column = pq.ParquetFile(path).metadata.row_group(1).column(of_mean)
    start, noticed = column.dictionary_page_offset or column.data_page_offset, 0
    places = range(start, start + column.total_compressed_size, 17)
    for at in places:
        content = bytearray(whole)
        content[at] ^= 4
        path.write_bytes(bytes(content))
        try:
            assert np.array_equal(tensors(read_tensors(path, LATENTS, "abc"), "mean"), before)
        except UserError as error:
            assert "not a whole Parquet file" in str(error)
            noticed += 1
    assert noticed > 0.9 * len(places)


def test_rows_that_do_not_fit_leave_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "latents.parquet"
    row = latent_row(0)
    row["mean"] = row["mean"][:, :2]
    with pytest.raises(ValueError, match=r"column mean found a tensor \(12, 2, 2, 3\), expected \(12, 4, 2, 3\)"):
        write_tensors(path, latents_schema(12, GRID), [row], "abc")
    del row["mean"]
    with pytest.raises(ValueError, match="latents.parquet: found a row with"):
        write_tensors(path, latents_schema(12, GRID), [row], "abc")
    assert list(tmp_path.iterdir()) == []


def test_fingerprints_do_not_depend_on_order() -> None:
    assert fingerprint(a=1, b=[2]) == fingerprint(b=[2], a=1)
    assert fingerprint(a=1) != fingerprint(a=2)


def test_any_text_is_text_in_a_table_of_latex_and_of_markdown() -> None:
    odd = "a_b & c% \\input{/etc/passwd} $x^2$ #1 ~ {y}"
    assert latex_text(odd) == (
        r"a\_b \& c\% \textbackslash{}input\{/etc/passwd\} \$x\textasciicircum{}2\$ \#1 \textasciitilde{} \{y\}"
    )
    cell = markdown_cell("a|b\\|c\nd <script>")
    assert cell == r"a\|b\\\|c d &lt;script>" and latex_text("50 ↑") == r"50 $\uparrow$"
