"""What the page says of the clips' time."""

from dataclasses import replace

from tests.report.results_tree import Results

from dreamrelation.report.relation_page import timing
from dreamrelation.tables.rows import SELECTION


def test_clips_at_their_own_rate_and_resampled_ones(results: Results) -> None:
    clip = SELECTION.read(results.folder / "clips" / "selection.parquet")[0]
    whole = replace(clip, frames=tuple(range(5, 24)), frames_per_second=10.0, source_frames_per_second=10.0)
    assert timing([whole, whole]) == "19 frames at 10 per second, 1.8 s."
    fast = replace(whole, frames=tuple(range(0, 57, 3)), source_frames_per_second=30.0)
    slow = replace(whole, frames=(0, 1, 1, *range(2, 18)), source_frames_per_second=29.97 / 4)
    assert timing([whole, fast, fast]) == (
        "19 frames at 10 per second, 1.8 s; 2 of 3 were filmed at 30 per second, of which the frames nearest"
        " in time are taken."
    )
    assert "2 of 3 were filmed at 7.492 to 30 per second" in timing([whole, fast, slow])
