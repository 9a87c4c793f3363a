"""The animation for the README."""

from pathlib import Path

import pytest
from PIL import Image
from tests.report.results_tree import HEIGHT, WIDTH, Results

from dreamrelation.errors import UserError
from dreamrelation.report.animation import BAR, SCALE, main, video_strip


def test_methods_stand_beside_each_other_and_relations_below(results: Results, tmp_path: Path) -> None:
    main(results.folder, tmp_path / "demo.gif", 1)
    with Image.open(tmp_path / "demo.gif") as picture:
        assert picture.size == (3 * WIDTH * SCALE, BAR + 2 * (BAR + HEIGHT * SCALE))
        assert picture.n_frames == results.frames  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("number", [4, -1])
def test_a_video_that_is_not_there_is_named(results: Results, number: int) -> None:
    with pytest.raises(UserError, match=rf"base/videos\.parquet: found 4 videos, asked for number {number}"):
        video_strip(results.folder, "kicking", ["base"], number)


def test_a_folder_without_results_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="found no evaluation.json"):
        main(tmp_path, tmp_path / "demo.gif")
