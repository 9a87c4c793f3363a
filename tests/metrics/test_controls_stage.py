"""The controls stage on small clips."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.metrics.judges import FRAMES, write_selection
from tests.metrics.own_metrics import BRIGHTNESS, GAP
from tests.metrics.test_evaluate_stage import slice_of

from dreamrelation.errors import UserError
from dreamrelation.metrics.description import Description
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.stages import controls
from dreamrelation.tables.rows import CONTROLS, ControlScore
from dreamrelation.video import decode


def run(folder: Path, metric: dict[str, Any], relation: str = "hugging") -> Path:
    controls.run(
        settings=slice_of(metric, relation),
        machine=MachineSettings(device="cpu"),
        metric="mine",
        relation=relation,
        selection=folder / "clips" / "selection.parquet",
        answers=folder / "controls" / "answers" / "mine.jsonl",
        controls=folder / "controls" / "mine.parquet",
    )
    return folder / "controls" / "mine.parquet"


@pytest.mark.parametrize(("relation", "value"), [("hugging", 1.0), ("kicking", 0.0)])
def test_every_clip_is_asked_about_the_relation(judge_folder, tmp_path, relation, value):
    """This judge sees hugging everywhere, whatever the clip shows."""
    write_selection(tmp_path, ["hugging", "kicking", "hugging"])
    path = run(tmp_path, {"kind": "puppet_relation_accuracy", "judge": str(judge_folder)}, relation)
    rows, metadata = CONTROLS.read_with_metadata(path)
    assert [(row.clip, row.shown) for row in rows] == [("0", "hugging"), ("1", "kicking"), ("2", "hugging")]
    assert [row.value for row in rows] == [value] * 3
    assert all("saw hugging" in row.detail for row in rows)
    assert Description.of(metadata, path).name == "mine"


def test_clips_that_were_not_learnt_from_are_asked_about_where_there_are_any(tmp_path):
    write_selection(tmp_path, ["hugging", "kicking", "hugging", "kicking", "shaking_hands"], held_out=(2, 3))
    rows = CONTROLS.read(run(tmp_path, {"kind": BRIGHTNESS}))
    assert [(row.clip, row.shown) for row in rows] == [("2", "hugging"), ("3", "kicking"), ("4", "shaking_hands")]


def test_a_real_clip_shows_persons_and_what_its_caption_says(tmp_path):
    write_selection(tmp_path, ["hugging"])
    frames = np.stack(list(decode(tmp_path / "clips" / "0.mp4")))
    detail = f"{FRAMES} frames of ('person', 'person'), 'A person is hugging a person.'"
    expected = ControlScore("0", "hugging", float(frames.mean()), detail)
    assert CONTROLS.read(run(tmp_path, {"kind": BRIGHTNESS})) == [expected]


def test_a_clip_of_the_relation_is_needed(tmp_path):
    write_selection(tmp_path, ["kicking"])
    with pytest.raises(UserError, match=r"selection\.parquet: found no clip of hugging"):
        run(tmp_path, {"kind": BRIGHTNESS})


def test_a_metric_of_sets_has_no_controls(tmp_path):
    write_selection(tmp_path, ["hugging"])
    with pytest.raises(UserError, match=r"metrics\.mine: .* compares sets of videos"):
        run(tmp_path, {"kind": GAP})
