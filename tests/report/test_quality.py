"""The pages about clips and masks."""

from pathlib import Path

import numpy as np
from tests.report.parsed_page import Page
from tests.report.results_tree import Results

from dreamrelation import video
from dreamrelation.tables.rows import MASKS, REJECTIONS, SELECTION


def test_every_selected_clip_has_a_row_with_its_numbers(clip_pages: dict[str, Page], results: Results) -> None:
    selection = SELECTION.read(results.folder / "clips" / "selection.parquet")
    for relation, quality in clip_pages.items():
        (table,) = quality.tables
        clips = [clip for clip in selection if clip.relation == relation]
        rows = {row[0]: row for row in table.texts[1:]}
        assert list(rows) == [clip.clip for clip in clips]
        refused = {row.clip: row.reason for row in REJECTIONS.read(results.folder / relation / "rejections.parquet")}
        masks = MASKS.read(results.folder / relation / "masks.parquet")
        for clip in clips:
            own = [row for row in masks if row.clip == clip.clip]
            shares = [np.median([row.area_share for row in own if row.subject == subject]) for subject in (1, 2)]
            area = " and ".join(f"{share:.1%}" for share in shares) if own else "–"
            assert rows[clip.clip][1] == (f"refused: {refused[clip.clip]}" if clip.clip in refused else "train")
            assert rows[clip.clip][2].startswith("0.00 s to 0.60 s") and rows[clip.clip][3] == area


def test_every_clip_with_masks_is_shown_with_them(clip_pages: dict[str, Page], report: Path, results: Results) -> None:
    for relation, quality in clip_pages.items():
        clips = {row.clip for row in MASKS.read(results.folder / relation / "masks.parquet")}
        videos = sorted((report / "media" / relation / "clips").glob("*.mp4"))
        assert {path.stem for path in videos} == clips
        assert all(len(list(video.decode(path))) == 7 for path in videos)
        assert {Path(it["data-src"] or "").stem for it in quality.all("video")} == clips
        assert len(quality.all("img")) == 1, "the contact sheet"
