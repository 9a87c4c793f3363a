"""What a table of scores tells of its metric."""

import json
from pathlib import Path

import pytest

from dreamrelation.errors import UserError
from dreamrelation.metrics.description import KEY, Description
from dreamrelation.metrics.interface import MetricInfo
from dreamrelation.tables.rows import SCORES, VideoScore

INFO = MetricInfo(label="FVD – “fair”", about="distance", unit="", better="lower", low=0.0)


@pytest.mark.parametrize("compares_sets", [True, False])
def test_it_survives_a_file(tmp_path: Path, compares_sets: bool) -> None:
    description = Description("fvd", INFO, "By I3D; « 100 × 100 »", compares_sets)
    SCORES.write(tmp_path / "fvd.parquet", [VideoScore("a", "b", None, None, "c")], description.metadata())
    _, metadata = SCORES.read_with_metadata(tmp_path / "fvd.parquet")
    assert Description.of(metadata, tmp_path / "fvd.parquet") == description


@pytest.mark.parametrize(
    "metadata",
    [{}, {KEY: "{"}, {KEY: json.dumps({"name": "fvd"})}, {KEY: json.dumps({"name": "fvd", "info": {"colour": "red"}})}],
)
def test_a_file_that_tells_nothing_is_named(metadata: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"scores/fvd\.parquet: found no description.*run its stage again"):
        Description.of(metadata, Path("scores/fvd.parquet"))
