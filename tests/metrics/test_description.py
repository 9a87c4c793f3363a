"""What a table of scores tells of its metric."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from dreamrelation.errors import UserError
from dreamrelation.metrics.description import KEY, Description
from dreamrelation.metrics.interface import Confusion, MetricInfo
from dreamrelation.tables.rows import SCORES, VideoScore

INFO = MetricInfo(label="FVD – “fair”", about="distance", unit="", better="lower", low=0.0)


CONFUSIONS = (
    Confusion("Motions, “held out”", ("kicking", "none"), ((3, 1), (0, 4))),
    Confusion("Figures", ("dog",), ((8,),)),
)


@pytest.mark.parametrize("confusions", [(), CONFUSIONS])
@pytest.mark.parametrize("compares_sets", [True, False])
def test_it_survives_a_file(tmp_path: Path, compares_sets: bool, confusions: tuple[Confusion, ...]) -> None:
    """Stages compare the descriptions that they read, so JSON's lists must not stay in place of tuples."""
    description = Description("fvd", INFO, "By I3D; « 100 × 100 »", compares_sets, confusions)
    SCORES.write(tmp_path / "fvd.parquet", [VideoScore("a", "b", None, None, "c")], description.metadata())
    _, metadata = SCORES.read_with_metadata(tmp_path / "fvd.parquet")
    assert Description.of(metadata, tmp_path / "fvd.parquet") == description


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {KEY: "{"},
        {KEY: "[]"},
        {KEY: json.dumps({"name": "fvd"})},
        {KEY: json.dumps({"name": "fvd", "info": {"colour": "red"}})},
        {KEY: json.dumps(asdict(Description("fvd", INFO, "", True)) | {"confusions": [{"title": "Figures"}]})},
        {
            KEY: json.dumps(
                asdict(Description("fvd", INFO, "", True))
                | {"confusions": [{"title": "Figures", "classes": ["dog", "cat"], "counts": [[1, 2]]}]}
            )
        },
    ],
)
def test_a_file_that_tells_nothing_is_named(metadata: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"scores/fvd\.parquet: found no description.*run its stage again"):
        Description.of(metadata, Path("scores/fvd.parquet"))


def test_a_table_of_before_there_were_confusions_has_none() -> None:
    told = asdict(Description("fvd", INFO, "", True))
    del told["confusions"]
    assert Description.of({KEY: json.dumps(told)}, Path("fvd.parquet")) == Description("fvd", INFO, "", True)


@pytest.mark.parametrize("counts", [(), ((1, 2),), ((1, 2), (3,)), ((1, 2), (3, 4), (5, 6)), ((1, 2, 3), (4, 5, 6))])
def test_a_confusion_has_a_row_and_a_column_for_each_class(counts: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(ValueError, match="Figures: found rows of .* counts, expected 2 × 2"):
        Confusion("Figures", ("dog", "cat"), counts)
