"""The summary of one relation, from scores that the test writes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamrelation.errors import UserError
from dreamrelation.metrics.description import Description
from dreamrelation.metrics.interface import Confusion, MetricInfo
from dreamrelation.metrics.intervals import bootstrap, wilson
from dreamrelation.settings.metrics import IntervalSettings
from dreamrelation.settings.table_stages import SummariseStage
from dreamrelation.stages import summarise
from dreamrelation.tables.rows import CONTROLS, SCORES, SET_SCORES, ControlScore, SetScore, VideoScore

SETTINGS = SummariseStage(experiment="tiny", seed=3, intervals=IntervalSettings(confidence=0.9, bootstrap_samples=300))
INFOS = {
    "seen": MetricInfo("Seen", "whether it is seen", "%", "higher", 0.0, 1.0, is_share=True),
    "motion": MetricInfo("Motion", "how much moves", "pixels per frame", None, 0.0),
    "fvd": MetricInfo("FVD", "distance", "", "lower", 0.0),
}
NOTE = "By a judge."
VALUES: dict[str, list[float | None]] = {"seen": [1.0, 0.0, 1.0, None], "motion": [0.5, 0.75, 1.5, None]}


TAKEN_ONCE = {"passes": None, "corrected": None}


def description(name: str, note: str = NOTE) -> Description:
    return Description(name, INFOS[name], note, compares_sets=name == "fvd")


def write_scores(
    folder: Path, method: str, name: str, values: list[float | None] | SetScore, told: Description | None = None
) -> Path:
    path = folder / "hugging" / method / "scores" / f"{name}.parquet"
    metadata = (told or description(name)).metadata()
    if isinstance(values, SetScore):
        SET_SCORES.write(path, [values], metadata)
    else:
        rows = [VideoScore(f"{n:03d}", "A prompt.", value, None, "seen") for n, value in enumerate(values)]
        SCORES.write(path, rows, metadata)
    return path


def write_controls(folder: Path, name: str, values: dict[str, list[float]]) -> Path:
    path = folder / "hugging" / "controls" / f"{name}.parquet"
    rows = [ControlScore(f"{shown}-{n}", shown, v, "") for shown, found in values.items() for n, v in enumerate(found)]
    CONTROLS.write(path, rows, description(name).metadata())
    return path


def run(folder: Path, scores: list[Path], controls: list[Path] | None = None) -> dict[str, Any]:
    path = folder / "evaluation.json"
    summarise.run(settings=SETTINGS, relation="hugging", scores=scores, controls=controls or [], evaluation=path)
    return json.loads(path.read_text())


def test_everything_in_the_order_in_which_it_is_given(tmp_path):
    metrics = ["seen", "motion"]
    scores = [write_scores(tmp_path, method, name, VALUES[name]) for method in ("zeta", "alpha") for name in metrics]
    content = run(tmp_path, scores, [write_controls(tmp_path, "seen", {"hugging": [1.0, 0.0], "kicking": [0.0]})])
    assert list(content) == ["experiment", "relation", "seed", "confidence", "metrics", "controls", "methods"]
    assert [content[key] for key in ("experiment", "relation", "seed", "confidence")] == ["tiny", "hugging", 3, 0.9]
    assert list(content["metrics"]) == metrics
    assert content["metrics"]["seen"] == {
        "label": "Seen", "about": "whether it is seen", "unit": "%", "better": "higher", "low": 0.0, "high": 1.0,
        "is_share": True, "note": NOTE, "compares_sets": False, "confusions": [],
    }  # fmt: skip
    assert list(content["methods"]) == ["zeta", "alpha"]
    assert all(list(found) == metrics for found in content["methods"].values())
    positive, negative = (content["controls"]["seen"][side] for side in ("positive", "negative"))
    assert (positive["mean"], positive["count"], negative["mean"], negative["count"]) == (0.5, 2, 0.0, 1)
    assert (positive["low"], positive["high"]) == (wilson(1, 2, 0.9).low, wilson(1, 2, 0.9).high)


def test_shares_get_wilsons_interval_and_others_the_bootstraps(tmp_path):
    scores = [write_scores(tmp_path, "base", name, values) for name, values in VALUES.items()]
    found = run(tmp_path, scores)["methods"]["base"]
    share = wilson(2, 3, 0.9)
    assert found["seen"] == {
        "mean": 2 / 3, "low": share.low, "high": share.high, "interval": "wilson", "count": 3, "missing": 1,
        **TAKEN_ONCE,
    }  # fmt: skip
    drawn = bootstrap(np.array([0.5, 0.75, 1.5]), 0.9, 300, seed=3, metric="motion")
    assert found["motion"] == {
        "mean": drawn.mean, "low": drawn.low, "high": drawn.high, "interval": "bootstrap", "count": 3, "missing": 1,
        **TAKEN_ONCE,
    }  # fmt: skip
    assert drawn.low < drawn.mean < drawn.high


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (SetScore(200.0, 150.0, 260.0, 8, 5, ""), [200.0, 150.0, 260.0, "metric", 8, 0]),
        (SetScore(200.0, None, None, 8, 5, ""), [200.0, None, None, None, 8, 0]),
        (SetScore(None, None, None, 8, 5, "too few"), [None, None, None, None, 0, 8]),
    ],
)
def test_a_metric_of_sets_keeps_its_own_limits(tmp_path, row, expected):
    content = run(tmp_path, [write_scores(tmp_path, "base", "fvd", row)])
    assert list(content["methods"]["base"]["fvd"].values()) == [*expected, None, None]
    assert content["metrics"]["fvd"]["compares_sets"]


def write_passes(folder: Path, passes: list[tuple[float | None, ...]]) -> Path:
    """Scores of a metric that was taken several times of each video."""
    path = folder / "hugging" / "base" / "scores" / "seen.parquet"
    rows = []
    for number, of_video in enumerate(passes):
        known = [value for value in of_video if value is not None]
        value = sum(known) / len(known) if known else None
        rows.append(VideoScore(f"{number:03d}", "A prompt.", value, None, "seen", of_video))
    SCORES.write(path, rows, description("seen").metadata())
    return path


def test_passes_are_summed_up_by_their_spread(tmp_path):
    """Means over videos of the passes: 1, 1/2, and 0 of the one video that has a third answer."""
    content = run(tmp_path, [write_passes(tmp_path, [(1.0, 1.0, None), (1.0, 0.0, 0.0)])])
    found = content["methods"]["base"]["seen"]
    assert found["mean"] == pytest.approx((1 + 1 / 3) / 2)
    assert found["interval"] == "bootstrap", "values between 0 and 1 are no counts"
    assert found["passes"] == {"count": 3, "deviation": pytest.approx(0.5), "invalid": 1}


def test_passes_without_any_answer_have_no_spread(tmp_path):
    found = run(tmp_path, [write_passes(tmp_path, [(None, None), (None, None)])])["methods"]["base"]["seen"]
    assert found["passes"] == {"count": 2, "deviation": None, "invalid": 4}
    assert found["mean"] is None


def test_a_share_is_corrected_for_what_the_metric_says_of_real_clips(tmp_path):
    scores = [write_scores(tmp_path, "base", "seen", [*[1.0] * 5, *[0.0] * 5])]
    clips = {"hugging": [1.0] * 18 + [0.0] * 2, "kicking": [1.0] * 4 + [0.0] * 16}
    found = run(tmp_path, scores, [write_controls(tmp_path, "seen", clips)])["methods"]["base"]["seen"]
    assert found["corrected"]["mean"] == pytest.approx((0.5 - 0.2) / (0.9 - 0.2))
    assert found["corrected"]["low"] < found["corrected"]["mean"] < found["corrected"]["high"]
    assert found["corrected"]["reason"] == ""


def test_a_metric_that_is_no_share_is_not_corrected(tmp_path):
    scores = [write_scores(tmp_path, "base", "motion", VALUES["motion"])]
    controls = write_controls(tmp_path, "motion", {"hugging": [0.5], "kicking": [0.1]})
    assert run(tmp_path, scores, [controls])["methods"]["base"]["motion"]["corrected"] is None


def test_how_a_judge_does_is_passed_on(tmp_path):
    confusion = Confusion("Motions", ("kicking", "none"), ((3, 1), (0, 4)))
    told = Description("seen", INFOS["seen"], NOTE, compares_sets=False, confusions=(confusion,))
    scores = [write_scores(tmp_path, method, "seen", [1.0], told) for method in ("base", "mine")]
    assert run(tmp_path, scores)["metrics"]["seen"]["confusions"] == [
        {"title": "Motions", "classes": ["kicking", "none"], "counts": [[3, 1], [0, 4]]}
    ]
    with pytest.raises(UserError, match="different versions"):
        run(tmp_path, [scores[0], write_scores(tmp_path, "other", "seen", [1.0])])


def test_a_metric_that_no_video_has_stays_empty(tmp_path):
    found = run(tmp_path, [write_scores(tmp_path, "base", "seen", [None, None])])["methods"]["base"]["seen"]
    assert found == {"mean": None, "low": None, "high": None, "interval": None, "count": 0, "missing": 2, **TAKEN_ONCE}


def test_no_clip_of_another_relation_is_no_negative_control(tmp_path):
    scores = [write_scores(tmp_path, "base", "seen", [1.0])]
    content = run(tmp_path, scores, [write_controls(tmp_path, "seen", {"hugging": [1.0]})])
    assert content["controls"]["seen"]["negative"] is None


def test_without_metrics_there_is_nothing_to_sum_up(tmp_path):
    content = run(tmp_path, [])
    assert (content["metrics"], content["controls"], content["methods"]) == ({}, {}, {})


def test_every_method_needs_every_metric(tmp_path):
    scores = [write_scores(tmp_path, "base", name, values) for name, values in VALUES.items()]
    scores.append(write_scores(tmp_path, "mine", "motion", VALUES["motion"]))
    with pytest.raises(UserError, match=r"evaluation\.json: found no scores of seen for mine"):
        run(tmp_path, scores)
    assert not (tmp_path / "evaluation.json").exists()


def test_scores_that_are_given_twice_are_refused(tmp_path):
    path = write_scores(tmp_path, "base", "seen", [1.0])
    with pytest.raises(UserError, match=r"seen\.parquet: found the scores of seen of base twice"):
        run(tmp_path, [path, path])


def test_scores_under_another_name_are_refused(tmp_path):
    path = write_scores(tmp_path, "base", "seen", [1.0])
    moved = path.rename(path.with_name("motion.parquet"))
    with pytest.raises(UserError, match=r"motion\.parquet: found scores of the metric 'seen', expected 'motion'"):
        run(tmp_path, [moved])


def test_scores_by_two_versions_of_a_metric_are_refused(tmp_path):
    scores = [
        write_scores(tmp_path, "base", "seen", [1.0]),
        write_scores(tmp_path, "mine", "seen", [1.0], description("seen", "By another judge.")),
    ]
    with pytest.raises(UserError, match=r"mine/scores/seen\.parquet: .*By another judge.*different versions"):
        run(tmp_path, scores)


def test_an_empty_table_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"seen\.parquet: found no score"):
        run(tmp_path, [write_scores(tmp_path, "base", "seen", [])])


def test_controls_need_a_clip_of_the_relation_and_scores(tmp_path):
    scores = [write_scores(tmp_path, "base", "seen", [1.0])]
    with pytest.raises(UserError, match=r"controls/seen\.parquet: found no clip that shows hugging"):
        run(tmp_path, scores, [write_controls(tmp_path, "seen", {"kicking": [0.0]})])
    with pytest.raises(UserError, match=r"controls/motion\.parquet: found controls of motion, of which no scores"):
        run(tmp_path, scores, [write_controls(tmp_path, "motion", {"hugging": [0.3]})])


@pytest.mark.parametrize("content", [None, b"no table"])
def test_a_missing_or_broken_file_is_named(tmp_path, content):
    path = tmp_path / "base" / "scores" / "seen.parquet"
    if content is not None:
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"scores/seen\.parquet: (no such file|not a whole Parquet file)"):
        run(tmp_path, [path])


def test_it_loads_no_torch():
    check = "import sys, dreamrelation.stages.summarise; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
